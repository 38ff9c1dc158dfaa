-- Records a successful payment, with the refunds that came first, and keeps its customer up to date.

-- One event of a payment at a time, so that a payment and its refund can't miss each other.
select pg_advisory_xact_lock(hashtextextended('payment ' || :entity::text, 0));

-- A customer's row is left alone where it says the same already (its time is exact to the minute), so
-- that many payments of one customer don't wait for each other.
with customer_of_payment as (
  insert into customer (email, name, created_at, updated_at)
  select lower(left(:event.data.customer.email::text, 320)), nullif(:event.data.customer.name::text, ''),
         :receivedAt, :receivedAt
  where :event.data.customer.email::text <> ''
    and not exists (
      select from customer
      where email = lower(left(:event.data.customer.email::text, 320))
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
insert into payment as kept (
  transaction_id, outcome, amount, currency, customer_email, customer_name, occurred_at, updated_at,
  refund_count, refunded_amount, refund_currency_differs)
select
  :entity::text,
  'success',
  :amount,
  :currency::text,
  nullif(left(:event.data.customer.email::text, 320), ''),
  nullif(:event.data.customer.name::text, ''),
  :occurredAt,
  :receivedAt,
  count(*),
  coalesce(sum(refund.amount) filter (where (refund.currency <> :currency::text) is not true), 0),
  coalesce(bool_or(refund.currency <> :currency::text), false)
from refund
where transaction_id = :entity::text and status = 'processed'

-- A success is the last word on a payment, and of two successes the newer one. What it doesn't say stays
-- as another event said it, but never the amount of one with the currency of another.
on conflict (transaction_id) do update set
  outcome = excluded.outcome,
  customer_email = coalesce(excluded.customer_email, kept.customer_email),
  customer_name = coalesce(excluded.customer_name, kept.customer_name),
  occurred_at = excluded.occurred_at,
  updated_at = greatest(excluded.updated_at, kept.updated_at),
  amount = coalesce(excluded.amount, kept.amount),
  currency = case when excluded.amount is null and kept.amount is not null
                  then kept.currency else excluded.currency end,
  refunded_amount = case when excluded.amount is null and kept.amount is not null
                         then kept.refunded_amount else excluded.refunded_amount end,
  refund_currency_differs = case when excluded.amount is null and kept.amount is not null
                                 then kept.refund_currency_differs else excluded.refund_currency_differs end
where kept.outcome <> 'success'
   or kept.amount is null
   or case when excluded.occurred_at <> kept.occurred_at then excluded.occurred_at > kept.occurred_at
           else excluded.updated_at >= kept.updated_at end;
