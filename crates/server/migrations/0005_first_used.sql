-- When a secret was first accepted. Of one that was used before this was noted, its latest use then stands for it.
alter table secret add column first_used_at bigint;
update secret set first_used_at = last_used_at;
