-- Refunds have rows of their own, and a payment knows how much of it went back.

-- What the platform says of the payment itself stays apart from its refunds, so that events may come
-- in any order: status follows from both.
alter table payment rename column status to outcome;
alter table payment drop constraint payment_status_check;
update payment set outcome = 'success' where outcome = 'refunded';
alter table payment
  add constraint payment_outcome_check check (outcome in ('pending', 'failed', 'success')),
  add column occurred_at              timestamptz,
  add column refund_count             integer not null default 0,
  add column refunded_amount          numeric not null default 0,
  add column refund_currency_differs  boolean not null default false;

-- Only refunds that were processed count. One whose amount isn't known, or is in another currency,
-- makes the payment partially refunded: how much is left of it can't be told.
alter table payment
  add column status text not null generated always as (
    case
      when refund_count = 0 then outcome
      when refunded_amount >= amount then 'refunded'
      else 'partially_refunded'
    end) stored,
  add column over_refunded_by numeric generated always as (
    case when refunded_amount > amount then refunded_amount - amount end) stored;
create index payment_refund_problem on payment (updated_at)
  where over_refunded_by is not null or refund_currency_differs;

-- A refund is known by its event's key less the type: its own id, or what the preset makes of its
-- payment, amount and time where the platform gives it none. Before, a payment had one refund.
alter table refund drop constraint refund_pkey;
alter table refund add column refund_id text, add column occurred_at timestamptz;
update refund set
  refund_id = transaction_id,
  status = case
    when lower(status) in ('failed', 'failure', 'declined', 'rejected', 'cancelled', 'canceled') then 'failed'
    when lower(status) in ('pending', 'processing', 'initiated', 'queued') then 'pending'
    else 'processed'
  end;
alter table refund add primary key (refund_id);
create index refund_payment on refund (transaction_id);

update payment set
  (refund_count, refunded_amount, refund_currency_differs) = (
    select count(*),
           coalesce(sum(refund.amount) filter (where (refund.currency <> payment.currency) is not true), 0),
           coalesce(bool_or(refund.currency <> payment.currency), false)
    from refund
    where refund.transaction_id = payment.transaction_id and refund.status = 'processed')
where exists (select from refund where refund.transaction_id = payment.transaction_id);

alter table transfer add column occurred_at timestamptz;
alter table subscription add column occurred_at timestamptz;
