-- Candidates become actions: an owner, a day, a contact method, an expected value, a place in the owner's list.
-- Within one customer (or lead, or deal) each further action counts half of the one before, so a list is not five lines of one customer.
with owned as (
    select
        candidate.*,
        coalesce(candidate.rep_id, account.rep_id) as owner,
        coalesce(candidate.account_id, concat('lead ', candidate.lead_id), concat('deal ', candidate.opportunity_id)) as subject,
        candidate.at_stake * candidate.probability * candidate.effect as expected_value
    from acting.candidates as candidate
    left join main.accounts as account on account.account_id = candidate.account_id
),
assigned as (
    select
        owned.* exclude (rep_id, contact_method),
        case when holder.rep_id is null then owned.owner else holder.holder end as rep_id,
        coalesce(owned.contact_method, customer.contact_method, colleague.contact_method, {default_method}) as contact_method,
        -- Bits of a hash of the key alone: the same action is withheld in every refresh.
        (cast(concat('0x', substr(md5(concat(action_key, '|control')), 1, 8)) as bigint) / 4294967296.0) < {control_share} as withheld
    from owned
    left join acting.holders as holder on holder.rep_id = owned.owner
    left join acting.methods as customer on customer.account_id = owned.account_id
    left join acting.methods as colleague on colleague.rep_id = owned.owner
),
spread as (
    select
        assigned.*,
        row_number() over (partition by rep_id, withheld, subject order by expected_value desc, action_key) as nth_of_subject
    from assigned
)
select
    action_key,
    kind,
    rep_id,
    account_id,
    product_id,
    lead_id,
    opportunity_id,
    cast(at_stake as decimal(18, 2)) as at_stake,
    round(probability, 6) as probability,
    effect,
    cast(expected_value as decimal(18, 2)) as expected_value,
    {working_days}[due_in_days] as due_on,
    contact_method,
    concat('action.', kind, '.next_step') as next_step,
    evidence,
    withheld,
    case when not withheld then
        cast(row_number() over (
            partition by rep_id, withheld order by expected_value / power(2, nth_of_subject - 1) desc, action_key
        ) as integer)
    end as rank
from spread
order by rep_id, withheld, rank, action_key
