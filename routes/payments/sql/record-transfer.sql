-- Records a transfer.
insert into transfer as kept (
  transaction_id, status, amount, currency, recipient_name, recipient_bank, recipient_account, narration,
  occurred_at, updated_at)
values (
  :entity::text,
  coalesce(:event.data.status::text, 'success'),
  :amount,
  :currency::text,
  coalesce(:event.data.recipient.name::text, :event.data.customer.name::text),
  :event.data.recipient.bank::text,
  :event.data.recipient.account_number::text,
  :event.data.narration::text,
  :occurredAt,
  :receivedAt
)
on conflict (transaction_id) do update set
  status = excluded.status,
  amount = coalesce(excluded.amount, kept.amount),
  currency = case when excluded.amount is null and kept.amount is not null
                  then kept.currency else excluded.currency end,
  recipient_name = excluded.recipient_name,
  recipient_bank = excluded.recipient_bank,
  recipient_account = excluded.recipient_account,
  narration = excluded.narration,
  occurred_at = excluded.occurred_at,
  updated_at = excluded.updated_at
where case
  when excluded.occurred_at <> kept.occurred_at then excluded.occurred_at > kept.occurred_at
  else excluded.updated_at >= kept.updated_at
end;
