-- Records a renewed subscription; a renewal that comes late doesn't overwrite a newer one.
insert into subscription as kept (
  subscription_id, transaction_id, status, plan, amount, currency,
  customer_email, customer_name, next_renewal_at, occurred_at, updated_at)
values (
  coalesce(left(:event.data.subscription_id::text, 500), :entity::text),
  :entity::text,
  coalesce(:event.data.status::text, 'active'),
  :event.data.plan::text,
  :amount,
  :currency::text,
  nullif(left(:event.data.customer.email::text, 320), ''),
  nullif(:event.data.customer.name::text, ''),
  coalesce(:event.data.next_renewal_at::timestamptz, null), -- a date that can't be read is none
  :occurredAt,
  :receivedAt
)
on conflict (subscription_id) do update set
  transaction_id = excluded.transaction_id,
  status = excluded.status,
  plan = excluded.plan,
  amount = coalesce(excluded.amount, kept.amount),
  currency = case when excluded.amount is null and kept.amount is not null
                  then kept.currency else excluded.currency end,
  customer_email = excluded.customer_email,
  customer_name = excluded.customer_name,
  next_renewal_at = excluded.next_renewal_at,
  occurred_at = excluded.occurred_at,
  updated_at = excluded.updated_at
where case
  when excluded.occurred_at <> kept.occurred_at then excluded.occurred_at > kept.occurred_at
  else excluded.updated_at >= kept.updated_at
end;
