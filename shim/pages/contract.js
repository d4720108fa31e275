// Shows the contract to readers: nothing can be sent from here, and no credential entered.
"use strict";

const nothing = () => null;

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#contract",
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [() => ({ wrapComponents: { authorizeBtn: () => nothing, authorizeOperationBtn: () => nothing } })],
  supportedSubmitMethods: [],
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  showExtensions: true,
  showCommonExtensions: true,
});
