-- Records a successful payment, as refunded if its refund came first, and keeps its customer up to date.

-- One event of a transaction at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :event.data.transaction_id::text, 0));

-- A customer's row is left alone where it says the same already (its time is exact to the minute), so
-- that many payments of one customer don't wait for each other.
with customer_of_payment as (
  insert into customer (email, name, created_at, updated_at)
  select lower(:event.data.customer.email::text), nullif(:event.data.customer.name::text, ''),
         :receivedAt, :receivedAt
  where :event.data.customer.email::text <> ''
    and not exists (
      select from customer
      where email = lower(:event.data.customer.email::text)
        and name is not distinct from
            coalesce(nullif(:event.data.customer.name::text, ''), name)
        and created_at <= :receivedAt
        and updated_at > :receivedAt - interval '1 minute')
  on conflict (email) do update set
    name = case when excluded.updated_at >= customer.updated_at
                then coalesce(excluded.name, customer.name)
                else coalesce(customer.name, excluded.name) end,
    created_at = least(customer.created_at, excluded.created_at),
    updated_at = greatest(customer.updated_at, excluded.updated_at)
)
insert into payment (transaction_id, status, amount, currency, customer_email, customer_name, updated_at)
values (
  :event.data.transaction_id::text,
  case when exists (select from refund where transaction_id = :event.data.transaction_id::text)
       then 'refunded' else 'success' end,
  :event.data.amount::numeric,
  upper(:event.data.currency::text),
  :event.data.customer.email::text,
  :event.data.customer.name::text,
  :receivedAt
)
on conflict (transaction_id) do update set
  status = case when payment.status = 'refunded' then 'refunded' else excluded.status end,
  amount = excluded.amount,
  currency = excluded.currency,
  customer_email = excluded.customer_email,
  customer_name = excluded.customer_name,
  updated_at = greatest(payment.updated_at, excluded.updated_at);
