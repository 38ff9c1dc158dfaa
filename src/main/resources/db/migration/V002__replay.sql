-- A replay gives a delivery its attempts back without numbering them anew: the number of an attempt is what tells its
-- holder from every other one, earlier or later, so no number may come twice.
alter table payhook.delivery add column forgiven int not null default 0;

comment on column payhook.delivery.attempts is 'Attempts so far; never goes back to 0';
comment on column payhook.delivery.forgiven is 'Attempts before the last replay; they do not count towards maxAttempts';
