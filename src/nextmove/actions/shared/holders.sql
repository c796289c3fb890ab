-- One row a representative: who does the work. Who has left is followed up the managers to the first who has not, else replaced by the
-- colleague of the team with the fewest customers.
with recursive present as (
    select rep_id, team, left_on is null or left_on > {as_of} as works_here, manager_id from main.reps
),
chain(rep_id, holder, steps) as (
    select rep_id, rep_id, 0 from present
    union all
    select chain.rep_id, present.manager_id, chain.steps + 1
    from chain
    join present on present.rep_id = chain.holder
    where not present.works_here and present.manager_id is not null and chain.steps < 10
),
managers as (
    select chain.rep_id, arg_min(chain.holder, chain.steps) as holder
    from chain
    join present on present.rep_id = chain.holder
    where present.works_here
    group by chain.rep_id
),
load_of as (
    select present.rep_id, present.team, count(accounts.account_id) as accounts
    from present
    left join main.accounts as accounts on accounts.rep_id = present.rep_id
    where present.works_here
    group by present.rep_id, present.team
),
colleagues as (
    select rep_id, team, row_number() over (partition by team order by accounts, rep_id) as place from load_of where team is not null
)
select present.rep_id, coalesce(managers.holder, colleagues.rep_id) as holder
from present
left join managers on managers.rep_id = present.rep_id
left join colleagues on colleagues.team = present.team and colleagues.place = 1
