"""Both shapes of the call log: the retired one and its successors, and the cases that prove the way between them."""
