-- Records a renewed subscription; a renewal that comes late doesn't overwrite a newer one.
insert into subscription (subscription_id, transaction_id, status, plan, amount, currency,
                          customer_email, customer_name, next_renewal_at, updated_at)
values (
  coalesce(:event.data.subscription_id::text, :event.data.transaction_id::text),
  :event.data.transaction_id::text,
  coalesce(:event.data.status::text, 'active'),
  :event.data.plan::text,
  :event.data.amount::numeric,
  upper(:event.data.currency::text),
  :event.data.customer.email::text,
  :event.data.customer.name::text,
  :event.data.next_renewal_at::timestamptz,
  :receivedAt
)
on conflict (subscription_id) do update set
  transaction_id = excluded.transaction_id,
  status = excluded.status,
  plan = excluded.plan,
  amount = excluded.amount,
  currency = excluded.currency,
  customer_email = excluded.customer_email,
  customer_name = excluded.customer_name,
  next_renewal_at = excluded.next_renewal_at,
  updated_at = excluded.updated_at
where excluded.updated_at >= subscription.updated_at;
