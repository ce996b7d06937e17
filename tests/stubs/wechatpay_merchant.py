"""A merchant of WeChat Pay, written apart from the stand-in from the documented steps."""

import base64
import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class Merchant:
    """Reads its own files only, as a product would."""

    def __init__(self, folder: Path, ref: str) -> None:
        file = json.loads((folder / "merchants.json").read_text(encoding="utf-8"))
        self.file = next(each for each in file["merchants"] if each["merchant_ref"] == ref)
        self.mchid, self.appid = self.file["mchid"], self.file["appid"]
        pem = (folder / self.file["private_key_file"]).read_bytes()
        self.key = serialization.load_pem_private_key(pem, None)
        self.apiv3_key = (folder / self.file["apiv3_key_file"]).read_bytes()
        self.platform = {
            key["id"]: public_key(key["kind"], (folder / key["file"]).read_bytes())
            for key in self.file["platform_keys"]
        }

    def headers(self, method: str, url: str, body: bytes, time: float, **changed: str):
        """Authorization and what else the platform wants; `changed` replaces signed fields."""
        given = {
            "mchid": self.mchid,
            "nonce_str": "593BEC0C930BF1AFEB40B4A08C8FB242",
            "timestamp": str(int(time)),
            "serial_no": self.file["certificate_serial"],
        }
        text = f"{method}\n{url}\n{given['timestamp']}\n{given['nonce_str']}\n".encode()
        signature = self.key.sign(text + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
        given["signature"] = base64.b64encode(signature).decode()
        given |= changed
        pairs = ",".join(f'{name}="{value}"' for name, value in given.items())
        return {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": f"WECHATPAY2-SHA256-RSA2048 {pairs}",
        }

    def is_genuine(self, headers: Any, body: bytes) -> bool:
        """Whether an answer or a notify is signed by a platform key this merchant knows."""
        signed = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
        key = self.platform[headers["Wechatpay-Serial"]]
        try:
            signature = base64.b64decode(headers["Wechatpay-Signature"], validate=True)
            key.verify(signature, signed + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def open(self, resource: dict[str, str]) -> bytes:
        """Decrypt what came under the APIv3 key."""
        assert resource["algorithm"] == "AEAD_AES_256_GCM"
        sealed = base64.b64decode(resource["ciphertext"], validate=True)
        nonce, more = resource["nonce"].encode(), resource["associated_data"].encode()
        return AESGCM(self.apiv3_key).decrypt(nonce, sealed, more)

    def transaction(self, body: bytes) -> dict[str, Any]:
        """The payment a notify tells of."""
        return json.loads(self.open(json.loads(body)["resource"]))


def public_key(kind: str, pem: bytes):
    if kind == "certificate":
        return x509.load_pem_x509_certificate(pem).public_key()
    return serialization.load_pem_public_key(pem)


@dataclass
class Received:
    """One notify as it came in."""

    path: str
    headers: Any
    body: bytes


class Receiver:
    """A merchant's callback address that answers what the test wants, and remembers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[tuple[int, bytes]] = []
        self.always = (204, b"")
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = receiver.take(Received(self.path, self.headers, body))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def take(self, received: Received) -> tuple[int, bytes]:
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
            return self.answers.pop(0) if self.answers else self.always

    def wait_for(self, number: int) -> None:
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.received) >= number, timeout=10)
        assert enough, f"only {len(self.received)} of {number} notifies came"
