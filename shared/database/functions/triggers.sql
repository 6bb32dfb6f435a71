-- The triggers on the app's tables and on our settings. Their functions stand in listings.sql, nightly_steps.sql and settings.sql.

CREATE OR REPLACE TRIGGER certification_note_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_mentors();
CREATE OR REPLACE TRIGGER certification_note_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_mentors();
CREATE OR REPLACE TRIGGER certification_note_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_certifications();
CREATE OR REPLACE TRIGGER certification_note_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_certifications();
CREATE OR REPLACE TRIGGER certification_listing_inserted AFTER INSERT ON public.peer_mentors
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_deleted AFTER DELETE ON public.peer_mentors
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_inserted AFTER INSERT ON public.certifications
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.certifications
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_deleted AFTER DELETE ON public.certifications
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings();
CREATE OR REPLACE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.peer_mentors
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER certification_listing_truncated AFTER TRUNCATE ON public.certifications
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER certification_listing_updated AFTER UPDATE ON public.organisations
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER settings_of_an_organisation BEFORE INSERT OR UPDATE OF organisation_id ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.organisation_is_known();
CREATE OR REPLACE TRIGGER listing_mapping_keeps_its_flags BEFORE UPDATE ON certification.standard
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();
CREATE OR REPLACE TRIGGER listing_mapping_keeps_its_flags BEFORE INSERT OR UPDATE OR DELETE ON certification.organisation_settings
    FOR EACH ROW EXECUTE FUNCTION certification.keep_flags();
CREATE OR REPLACE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.standard
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_inserted AFTER INSERT ON certification.organisation_settings
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_deleted AFTER DELETE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
CREATE OR REPLACE TRIGGER listing_mapping_changed AFTER UPDATE ON certification.organisation_settings
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION certification.note_listings_of_many();
