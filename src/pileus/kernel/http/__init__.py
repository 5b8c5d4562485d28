"""The front door: HTTP/1.1 as bytes in, `Request` out; `Response` in, bytes out."""
