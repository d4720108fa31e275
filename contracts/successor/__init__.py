"""The successor's shapes: call history (v2) and call elements (v3), read tolerantly."""
