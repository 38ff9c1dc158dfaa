-- The tables of the bundled payments integration.

-- One row a transaction. A success is final but for its refund; updated_at is when the newest event
-- that changed the row was received.
create table payment (
  transaction_id  text primary key,
  status          text not null check (status in ('success', 'failed', 'refunded')),
  amount          numeric,
  currency        text,
  customer_email  text,
  customer_name   text,
  updated_at      timestamptz not null
);
create index payment_customer on payment (customer_email);
create index payment_updated on payment (updated_at);

-- One row an e-mail address, in lower case.
create table customer (
  email       text primary key,
  name        text,
  created_at  timestamptz not null,
  updated_at  timestamptz not null
);

-- Kept even where its payment isn't known (yet).
create table refund (
  transaction_id  text primary key,
  status          text not null,
  amount          numeric,
  currency        text,
  reason          text,
  customer_email  text,
  customer_name   text,
  updated_at      timestamptz not null
);

create table transfer (
  transaction_id     text primary key,
  status             text not null,
  amount             numeric,
  currency           text,
  recipient_name     text,
  recipient_bank     text,
  recipient_account  text,
  narration          text,
  updated_at         timestamptz not null
);

-- One row a subscription, with its latest renewal; the transaction stands in where a platform sends
-- no subscription's id.
create table subscription (
  subscription_id  text primary key,
  transaction_id   text,
  status           text not null,
  plan             text,
  amount           numeric,
  currency         text,
  customer_email   text,
  customer_name    text,
  next_renewal_at  timestamptz,
  updated_at       timestamptz not null
);
create index subscription_customer on subscription (customer_email);
