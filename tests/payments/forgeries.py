"""Families of forged, stale and tampered callbacks, made from what somebody could know.

`UNVERIFIED` must never get as far as the database. `MISFITTING` are signed and encrypted by WeChat's
own keys but tell of something that does not fit.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from wechat_sender import Sender, dump

FOREIGN_KEY = rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True)
class Scene:
    """Somebody who can listen to true notifies, and what they know."""

    medical: Sender
    social: Sender
    out_trade_no: str
    amount: int

    @property
    def paid(self):
        return self.medical.transaction(self.out_trade_no, self.amount)

    def true(self):
        return self.medical.notify(self.paid)

    def signed(self, body: bytes, at: float | None = None):
        """These bytes with WeChat's own signature."""
        return "medical", self.medical.headers(body, at), body

    def event(self, content=None, resource=None, **changed):
        made = self.medical.resource(self.paid if content is None else content)
        return self.signed(dump(self.medical.event(made | (resource or {}), **changed)))


Forge = Callable[[Scene], tuple]
UNVERIFIED: dict[str, tuple[str, Forge]] = {}
MISFITTING: dict[str, tuple[str, Forge]] = {}


def unverified(reason):
    def register(forge):
        UNVERIFIED[forge.__name__] = (reason, forge)
        return forge

    return register


def misfitting(because):
    def register(forge):
        MISFITTING[forge.__name__] = (because, forge)
        return forge

    return register


def with_header(scene, **changed):
    headers, body = scene.true()
    for name, value in changed.items():
        headers[f"Wechatpay-{name}"] = value
    return "medical", headers, body


def without_header(scene, name):
    headers, body = scene.true()
    del headers[f"Wechatpay-{name}"]
    return "medical", headers, body


@unverified("wrong_signature")
def signed_with_another_key(scene):
    _, body = scene.true()
    return "medical", replace(scene.medical, key=FOREIGN_KEY).headers(body), body


@unverified("wrong_signature")
def signed_with_the_merchants_own_key(scene):
    _, body = scene.true()
    return "medical", replace(scene.medical, key=scene.social.key).headers(body), body


@unverified("wrong_signature")
def signed_with_sha1(scene):
    headers, body = scene.true()
    text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
    signature = scene.medical.key.sign(text + body + b"\n", padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return with_body(headers, body, signature)


@unverified("wrong_signature")
def signed_with_pss_padding(scene):
    headers, body = scene.true()
    text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    return with_body(
        headers, body, scene.medical.key.sign(text + body + b"\n", pss, hashes.SHA256())
    )


def with_body(headers, body, signature):
    return (
        "medical",
        headers | {"Wechatpay-Signature": base64.b64encode(signature).decode()},
        body,
    )


@unverified("unknown_key")
def named_a_serial_nobody_knows(scene):
    return with_header(scene, Serial="4D45524348414E540000000000000000000000FF")


@unverified("unknown_key")
def named_a_public_key_id_this_merchant_does_not_use(scene):
    return with_header(scene, Serial="PUB_KEY_ID_01190000000220260101000000000001")


@unverified("unknown_key")
def named_the_merchants_own_certificate(scene):
    return with_header(scene, Serial="48424445454D4F4D45524348414E544D45443031")


@unverified("missing_header")
def left_out_the_timestamp(scene):
    return without_header(scene, "Timestamp")


@unverified("missing_header")
def left_out_the_nonce(scene):
    return without_header(scene, "Nonce")


@unverified("missing_header")
def left_out_the_serial(scene):
    return without_header(scene, "Serial")


@unverified("missing_header")
def left_out_the_signature(scene):
    return without_header(scene, "Signature")


@unverified("missing_header")
def emptied_the_signature(scene):
    return with_header(scene, Signature="")


@unverified("wrong_signature")
def signed_with_text_that_is_not_base64(scene):
    return with_header(scene, Signature="這不是base64!!".encode().decode("latin-1"))


@unverified("wrong_signature")
def cut_the_signature(scene):
    headers, _ = scene.true()
    return with_header(scene, Signature=headers["Wechatpay-Signature"][:-8])


@unverified("wrong_signature")
def repeated_the_signature_of_another_notify(scene):
    other, _ = scene.true()
    headers, body = scene.true()
    return "medical", headers | {"Wechatpay-Signature": other["Wechatpay-Signature"]}, body


@unverified("wrong_signature")
def changed_one_byte_of_the_body(scene):
    headers, body = scene.true()
    return "medical", headers, body.replace(b"SUCCESS", b"SUCCESs", 1)


@unverified("wrong_signature")
def appended_a_line_feed_to_the_body(scene):
    headers, body = scene.true()
    return "medical", headers, body + b"\n"


@unverified("wrong_signature")
def wrote_the_same_json_with_spaces(scene):
    headers, body = scene.true()
    return "medical", headers, json.dumps(json.loads(body), ensure_ascii=False).encode()


@unverified("wrong_signature")
def emptied_the_body(scene):
    headers, _ = scene.true()
    return "medical", headers, b""


@unverified("wrong_signature")
def changed_the_timestamp(scene):
    headers, _ = scene.true()
    return with_header(scene, Timestamp=str(int(headers["Wechatpay-Timestamp"]) + 1))


@unverified("wrong_signature")
def changed_the_nonce(scene):
    return with_header(scene, Nonce="0123456789abcdef0123456789abcdef")


@unverified("stale")
def replayed_it_after_five_minutes(scene):
    _, body = scene.true()
    return scene.signed(body, time.time() - 300)


@unverified("stale")
def replayed_it_after_a_day(scene):
    _, body = scene.true()
    return scene.signed(body, time.time() - 86_400)


@unverified("stale")
def dated_it_in_the_future(scene):
    _, body = scene.true()
    return scene.signed(body, time.time() + 310)


@unverified("stale")
def signed_a_time_that_is_no_number(scene):
    headers, body = scene.true()
    nonce = headers["Wechatpay-Nonce"]
    text = f"soon\n{nonce}\n".encode() + body + b"\n"
    signature = scene.medical.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return with_body(headers | {"Wechatpay-Timestamp": "soon"}, body, signature)


@unverified("unsupported")
def named_another_signature_type(scene):
    return with_header(scene, **{"Signature-Type": "WECHATPAY2-SM2-WITH-SM3"})


@unverified("undecryptable")
def replayed_it_to_another_merchant(scene):
    headers, body = scene.true()
    return "social", headers, body


@unverified("no_such_merchant")
def sent_it_to_a_merchant_we_do_not_have(scene):
    headers, body = scene.true()
    return "nobody", headers, body


@unverified("undecryptable")
def encrypted_it_with_another_merchants_key(scene):
    other = replace(scene.medical, apiv3_key=scene.social.apiv3_key)
    return scene.signed(dump(scene.medical.event(other.resource(scene.paid))))


@unverified("undecryptable")
def changed_the_associated_data(scene):
    return scene.event(resource={"associated_data": "refund"})


@unverified("undecryptable")
def changed_the_nonce_of_the_resource(scene):
    return scene.event(resource={"nonce": "0123456789ab"})


@unverified("malformed")
def gave_the_resource_a_long_nonce(scene):
    return scene.event(resource={"nonce": "0123456789abcdef"})


@unverified("undecryptable")
def cut_the_ciphertext(scene):
    whole = scene.medical.resource(scene.paid)["ciphertext"]
    return scene.event(resource={"ciphertext": whole[:-8]})


@unverified("undecryptable")
def emptied_the_ciphertext(scene):
    return scene.event(resource={"ciphertext": ""})


@unverified("undecryptable")
def sent_the_ciphertext_of_another_notify(scene):
    return scene.event(resource={"ciphertext": scene.medical.resource(scene.paid)["ciphertext"]})


@unverified("malformed")
def sent_a_number_for_a_ciphertext(scene):
    return scene.event(resource={"ciphertext": 12})


@unverified("unsupported")
def named_another_cipher(scene):
    return scene.event(resource={"algorithm": "AEAD_AES_128_GCM"})


@unverified("unsupported")
def named_no_cipher_and_sent_it_in_clear(scene):
    return scene.event(resource={"algorithm": "NONE", "ciphertext": dump(scene.paid).decode()})


@unverified("unsupported")
def named_another_type_of_resource(scene):
    return scene.event(resource_type="plain-resource")


@unverified("unsupported")
def passed_off_a_refund_as_a_payment(scene):
    return scene.event(resource={"original_type": "refund"})


@unverified("malformed")
def signed_something_that_is_not_json(scene):
    return scene.signed(b"<xml><return_code>SUCCESS</return_code></xml>")


@unverified("malformed")
def signed_a_list(scene):
    return scene.signed(b"[]")


@unverified("malformed")
def signed_json_in_another_encoding(scene):
    _, body = scene.true()
    return scene.signed(body.decode().encode("utf-16"))


@unverified("malformed")
def nested_json_beyond_all_limits(scene):
    return scene.signed(b'{"resource":' * 5_000)


@unverified("malformed")
def wrote_a_number_of_five_thousand_digits(scene):
    return scene.signed(b'{"id":' + b"9" * 5_000 + b"}")


@unverified("malformed")
def wrote_the_event_id_twice(scene):
    _, body = scene.true()
    return scene.signed(b'{"id":"first",' + body[1:])


@unverified("malformed")
def wrote_the_amount_twice_inside(scene):
    plain = dump(scene.paid)[:-1] + b',"amount":{"total":1,"currency":"CNY"}}'
    return scene.event(plain)


@unverified("malformed")
def left_out_the_event_id(scene):
    return scene.event(id=None)


@unverified("malformed")
def wrote_an_endless_event_id(scene):
    return scene.event(id="x" * 5_000)


@unverified("malformed")
def wrote_a_null_character_into_the_order_number(scene):
    return scene.event(scene.paid | {"out_trade_no": scene.out_trade_no[:-1] + "\x00"})


@unverified("malformed")
def wrote_the_amount_as_text(scene):
    return scene.event(scene.paid | {"amount": {"total": str(scene.amount), "currency": "CNY"}})


@unverified("malformed")
def wrote_the_amount_as_a_fraction(scene):
    return scene.event(scene.paid | {"amount": {"total": float(scene.amount), "currency": "CNY"}})


@unverified("malformed")
def wrote_true_for_an_amount(scene):
    return scene.event(scene.paid | {"amount": {"total": True, "currency": "CNY"}})


@unverified("malformed")
def left_out_the_amount(scene):
    return scene.event({k: v for k, v in scene.paid.items() if k != "amount"})


@unverified("malformed")
def left_out_the_transaction(scene):
    return scene.event(scene.paid | {"transaction_id": ""})


@unverified("too_large")
def sent_a_body_of_more_than_64_kilobytes(scene):
    _, body = scene.true()
    return scene.signed(body + b" " * 64 * 1024)


@misfitting("amount")
def paid_one_fen_too_little(scene):
    amount = {"total": scene.amount - 1, "currency": "CNY"}
    return scene.event(scene.paid | {"amount": amount})


@misfitting("amount")
def paid_one_fen_too_much(scene):
    amount = {"total": scene.amount + 1, "currency": "CNY"}
    return scene.event(scene.paid | {"amount": amount})


@misfitting("amount")
def paid_a_negative_amount(scene):
    amount = {"total": -scene.amount, "currency": "CNY"}
    return scene.event(scene.paid | {"amount": amount})


@misfitting("amount")
def paid_the_amount_in_yuan(scene):
    amount = {"total": scene.amount // 100, "currency": "CNY"}
    return scene.event(scene.paid | {"amount": amount})


@misfitting("currency")
def paid_in_dollars(scene):
    amount = {"total": scene.amount, "currency": "USD"}
    return scene.event(scene.paid | {"amount": amount})


@misfitting("merchant")
def paid_another_merchant(scene):
    return scene.event(scene.paid | {"mchid": scene.social.mchid})


@misfitting("merchant")
def told_our_other_merchant(scene):
    return (
        "social",
        *scene.social.notify(scene.social.transaction(scene.out_trade_no, scene.amount)),
    )


@misfitting("app")
def paid_through_another_app(scene):
    return scene.event(scene.paid | {"appid": "wx0000000000000000"})
