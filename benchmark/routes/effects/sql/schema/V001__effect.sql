create table effect (
    transaction_id text primary key,
    event_id       uuid not null,
    amount         numeric not null,
    times          int not null default 1   -- more than once is a fault
);
