-- Records a transfer.
insert into transfer (transaction_id, status, amount, currency,
                      recipient_name, recipient_bank, recipient_account, narration, updated_at)
values (
  :event.data.transaction_id::text,
  coalesce(:event.data.status::text, 'success'),
  :event.data.amount::numeric,
  upper(:event.data.currency::text),
  coalesce(:event.data.recipient.name::text, :event.data.customer.name::text),
  :event.data.recipient.bank::text,
  :event.data.recipient.account_number::text,
  :event.data.narration::text,
  :receivedAt
)
on conflict (transaction_id) do update set
  status = excluded.status,
  amount = excluded.amount,
  currency = excluded.currency,
  recipient_name = excluded.recipient_name,
  recipient_bank = excluded.recipient_bank,
  recipient_account = excluded.recipient_account,
  narration = excluded.narration,
  updated_at = excluded.updated_at
where excluded.updated_at >= transfer.updated_at;
