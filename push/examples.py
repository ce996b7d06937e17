"""The form of the examples inside rule files: some facts, a day, and who must be told what.

The product only checks their form. A test puts the facts into a database and evaluates the rule.
"""

import marshmallow as ma

from push.models import CATEGORIES


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE


class _Person(_Strict):
    account = ma.fields.Boolean(required=True)
    mutes = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(CATEGORIES)), load_default=list
    )


class _Mandate(_Strict):
    holder = ma.fields.String(required=True)
    principal = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(), required=True)
    until = ma.fields.Date(required=True)
    status = ma.fields.String(required=True)


class _Bill(_Strict):
    insured = ma.fields.String(required=True)
    scheme = ma.fields.String(required=True)
    year = ma.fields.String(required=True)
    #: Fen.
    amount = ma.fields.Integer(required=True)
    payable_from = ma.fields.Date(required=True, data_key="from")
    payable_until = ma.fields.Date(required=True, data_key="until")
    status = ma.fields.String(required=True)


class _Fact(_Strict):
    person = ma.fields.String(required=True)
    fact = ma.fields.String(required=True)
    value = ma.fields.Date(required=True)
    source = ma.fields.String(required=True)
    as_of = ma.fields.Date(required=True)


class _Order(_Strict):
    payer = ma.fields.String(required=True)
    bills = ma.fields.List(ma.fields.String(), required=True)
    #: Of the order and its lines alike.
    status = ma.fields.String(required=True)


class _Event(_Strict):
    name = ma.fields.String(required=True)
    #: The order, for a settled line its bill, a person, or the word mandate.
    of = ma.fields.String(required=True)
    #: What happened, where the event says so of a person or a mandate.
    what = ma.fields.String(load_default=None)


class _Expected(_Strict):
    recipient = ma.fields.String(required=True)
    wording = ma.fields.String(required=True)
    subject = ma.fields.String(required=True)
    #: Omitted where it carries an id.
    period = ma.fields.String()
    due_on = ma.fields.Date(required=True, allow_none=True)
    title = ma.fields.String(required=True)


class Example(_Strict):
    """One case of a rule file."""

    name = ma.fields.String(required=True)
    day = ma.fields.Date(required=True)
    event = ma.fields.Nested(_Event, load_default=None)
    people = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Person), required=True)
    mandates = ma.fields.List(ma.fields.Nested(_Mandate), load_default=list)
    bills = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Bill), load_default=dict)
    facts = ma.fields.List(ma.fields.Nested(_Fact), load_default=list)
    orders = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Order), load_default=dict)
    expect = ma.fields.List(ma.fields.Nested(_Expected), required=True)
