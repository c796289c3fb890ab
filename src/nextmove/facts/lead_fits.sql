-- One row a lead: how well it fits the persona, as written in the settings and as learnt from the best customers (the share of the
-- persona's attributes that it matches; a missing attribute does not match). Empty where none is written, or none has been learnt.
-- needs: leads.created_at
-- keep: view
with written as (
    select lead_id, :persona_fit as fit
    from facts.leads
)
select
    lead.lead_id,
    written.fit as written_fit,
    cast(
        case when segment.member is not null then 1 else 0 end
        + case when industry.member is not null then 1 else 0 end
        + case when company_size.member is not null then 1 else 0 end
        + case when country.member is not null then 1 else 0 end
        as double
    ) / nullif(persona.attributes, 0) as learnt_fit
from facts.leads as lead
join written on written.lead_id = lead.lead_id
cross join (select count(distinct case when belongs then attribute end) as attributes from main.learnt_persona) as persona
left join main.learnt_persona as segment on segment.attribute = 'segment' and segment.member = lead.segment and segment.belongs
left join main.learnt_persona as industry on industry.attribute = 'industry' and industry.member = lead.industry and industry.belongs
left join main.learnt_persona as company_size
    on company_size.attribute = 'company_size' and company_size.member = lead.company_size and company_size.belongs
left join main.learnt_persona as country on country.attribute = 'country' and country.member = lead.country and country.belongs
