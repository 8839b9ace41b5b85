"""Requests to a web service without a network connection, and images to send."""

import asyncio
import io

import httpx
import numpy as np
from PIL import Image


def png(grey, size=40):
    """Return the bytes of a PNG of one grey value."""
    file = io.BytesIO()
    Image.fromarray(np.full((size, size), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


class Client:
    """Sends requests to an application, one at a time."""

    def __init__(self, app, base="http://localhost:8765"):
        self.app, self.base = app, base

    def __call__(self, method, path, **request):
        async def send():
            async with self.open() as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    def open(self):
        """Return a client for requests that run at the same time."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=self.base)
