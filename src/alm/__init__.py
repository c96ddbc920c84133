"""alm: build small mixture-of-experts language models from text, reproducibly."""
