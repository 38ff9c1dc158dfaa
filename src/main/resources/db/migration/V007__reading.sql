-- Support looks for a transaction first, and for it alone. Its beginning is enough for an index, which takes no long text.
create index event_entity on payhook.event (left(entity, 400), id) where entity is not null;

-- A share of a large table is too many dead rows to walk over: these tables are vacuumed by number.
alter table payhook.delivery set (
    autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
alter table payhook.event set (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02);
alter table payhook.attempt set (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.02);
