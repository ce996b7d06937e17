"""Ways in besides the phone code and WeChat: password, Alipay, one-tap, another device's QR."""
