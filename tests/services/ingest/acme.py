"""A CRM nobody wrote code for: its source file, and a delivery of it."""

SOURCE = """
source: acme-crm
signing:
  scheme: standard-webhooks
  secrets: [new.secret, old.secret]
items: $.events[*]
when: {path: $.object, in: [opportunity]}
event:
  id: $.event_id
  time: $.changed_at
  sequence: $.revision
deal_id: $.opportunity.id
fields:
  amount: {path: $.opportunity.amount_cents, scale: -2}
  currency: {constant: USD}
  stage: {path: $.opportunity.status, values: {closed_won: won, closed_lost: lost, "*": open}}
  close_date: {path: $.opportunity.closed, format: "%m/%d/%Y"}
  owner: $.opportunity.rep
  product: {path: $.opportunity.product, repairs: {GTXPro: GTX Pro}}
  custom.segment: $.opportunity.segment
"""

DELIVERY = {
    "events": [
        {"object": "contact", "event_id": "c1"},
        {
            "object": "opportunity",
            "event_id": "o1",
            "changed_at": "2025-03-31T12:00:00Z",
            "revision": 7,
            "opportunity": {
                "id": "77",
                "amount_cents": 1250050,
                "status": "closed_won",
                "closed": "3/31/2025",
                "rep": "ann",
                "product": "GTXPro",
                "segment": "smb",
            },
        },
    ]
}
