"""What can go wrong with a health code."""

from app.core.errors import InvalidInput, Unavailable


class ClientScanIdReused(InvalidInput):
    """The scanner gave the number of an earlier scan to another code."""

    code = "client_scan_id_reused"
    zh = "同一 client_scan_id 不能用于不同的健康码。"
    en = "This client_scan_id was used for another code."


class KeysNotPublished(Unavailable):
    """The operator has not published the verifiers' keys yet."""

    code = "keys_not_published"
    zh = "验码公钥尚未发布。"
    en = "The verifiers' keys have not been published yet."
