-- The two mentors of events/, beside the synthetic ones: of the first organisation's first coordinator.
INSERT INTO public.peer_mentors
    (id, organisation_id, coordinator_id, first_name, last_name, email, phone, area, status, listing_consent)
SELECT ids.id, c.organisation_id, c.id, 'Ådne', 'Øye', 'adne@example.no', '+47 000 00 000', 'Ålesund', 'active', true
  FROM (SELECT organisation_id, id FROM public.coordinators ORDER BY organisation_id, id LIMIT 1) AS c,
       unnest(ARRAY['5e3c1a52-9f0b-4c1d-8a37-0d6f4b2e9c11', 'b71d2f60-3a44-4f7e-9b1c-6c8e5a0d4f22']::uuid[]) AS ids(id);
INSERT INTO public.certifications (mentor_id, certified_on, expires_on)
SELECT id, current_date - 700, current_date + 14 FROM public.peer_mentors
 WHERE first_name = 'Ådne' AND last_name = 'Øye';
