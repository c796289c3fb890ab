-- One row a lead that the model can judge: its chance to become a customer, as it looked when it came, by what was known before its quarter.
-- needs: leads.created_at
-- keep: view
select lead_id, chance
from main.lead_quality
