-- The whole body of what was authentic and could not be read: its sender will not send it in another form.
alter table payhook.rejection add column body bytea;

create index rejection_body on payhook.rejection (id) where body is not null;

comment on column payhook.rejection.category is 'SIGNATURE, MALFORMED, or SHED: turned away before any route saw it';
comment on column payhook.rejection.body is 'All of it, where the signature was right; read it with convert_from(body, ''UTF8'')';
