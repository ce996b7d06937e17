"""What personal data is used for, what people agreed to, and what becomes of it (个人信息保护)."""
