-- The configuration repository: the HLF standard, and the settings that an organisation has of its own.

CREATE DOMAIN certification.listing_mapping AS jsonb
    CONSTRAINT mapping_has_its_parts CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'parts')
    CONSTRAINT mapping_names_are_columns CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'names')
    CONSTRAINT mapping_publishes_only_the_whitelist
        CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'fields')
    CONSTRAINT mapping_flags_show_and_hide CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'flags')
    CONSTRAINT mapping_writes_no_column_twice CHECK (certification.mapping_problem(VALUE) IS DISTINCT FROM 'twice');
COMMENT ON DOMAIN certification.listing_mapping IS
    'table: the entity set; key: the alternate key column that holds the mentor''s id; columns: column -> field, of '
    'first_name, last_name, full_name, phone, email, area, organisation and no other; show and hide: the flags that '
    'show and hide a row, such as {"statecode": 1, "statuscode": 2} or {"hlf_published": false}.';

CREATE TABLE certification.standard (
    only_row        boolean PRIMARY KEY DEFAULT true CONSTRAINT standard_has_one_row CHECK (only_row),
    thresholds      smallint[] NOT NULL
        CONSTRAINT thresholds_not_empty CHECK (coalesce(array_ndims(thresholds), 0) = 1)
        CONSTRAINT thresholds_in_range CHECK (0 <= ALL (thresholds) AND 365 >= ALL (thresholds))
        CONSTRAINT thresholds_descending CHECK (certification.is_descending(thresholds))
        CONSTRAINT thresholds_without_null CHECK (array_position(thresholds, NULL) IS NULL),
    listing_mapping certification.listing_mapping NOT NULL DEFAULT '{
        "table": "hlf_peermentors",
        "key": "hlf_mentorid",
        "columns": {"hlf_name": "full_name", "hlf_firstname": "first_name", "hlf_lastname": "last_name",
                    "hlf_phone": "phone", "hlf_email": "email", "hlf_area": "area",
                    "hlf_organisation": "organisation"},
        "show": {"statecode": 0, "statuscode": 1},
        "hide": {"statecode": 1, "statuscode": 2}
    }',
    brake_count     integer NOT NULL DEFAULT 10 CONSTRAINT brake_count_not_negative CHECK (brake_count >= 0),
    brake_percent   integer NOT NULL DEFAULT 20
        CONSTRAINT brake_percent_in_range CHECK (brake_percent BETWEEN 0 AND 100)
);
COMMENT ON TABLE certification.standard IS
    'The HLF standard, which applies where an organisation has no setting of its own.';
COMMENT ON COLUMN certification.standard.listing_mapping IS
    'The place of listings in Dataverse and the fields that are published, unless the organisation has its own '
    'mapping.';
COMMENT ON COLUMN certification.standard.brake_count IS
    'A change of at most this many mentors at once is never braked, unless the organisation has its own limit.';
COMMENT ON COLUMN certification.standard.brake_percent IS
    'A change of at most this percentage of the mentors that it could concern is not braked either; 100 turns the '
    'brake off.';
INSERT INTO certification.standard (thresholds) VALUES ('{30,14,7}');

-- There is no foreign key, because a key to a table of the app would refuse its TRUNCATE and a change of its key (I16).
-- Settings of an organisation that is gone are harmless; a trigger refuses those of an unknown one.
CREATE TABLE certification.organisation_settings (
    organisation_id     uuid PRIMARY KEY,
    org_thresholds      boolean NOT NULL DEFAULT false,
    thresholds          smallint[] NOT NULL DEFAULT certification.standard_thresholds()
        CONSTRAINT thresholds_not_empty CHECK (coalesce(array_ndims(thresholds), 0) = 1)
        CONSTRAINT thresholds_in_range CHECK (0 <= ALL (thresholds) AND 365 >= ALL (thresholds))
        CONSTRAINT thresholds_descending CHECK (certification.is_descending(thresholds))
        CONSTRAINT thresholds_without_null CHECK (array_position(thresholds, NULL) IS NULL),
    reactivate_renewed  boolean NOT NULL DEFAULT true,
    listing_mapping     certification.listing_mapping,
    brake_count         integer CONSTRAINT brake_count_not_negative CHECK (brake_count >= 0),
    brake_percent       integer CONSTRAINT brake_percent_in_range CHECK (brake_percent BETWEEN 0 AND 100),
    table_is_ours       boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE certification.organisation_settings IS
    'The configuration repository, one row per organisation. The first run creates the row with the defaults.';
COMMENT ON COLUMN certification.organisation_settings.org_thresholds IS
    'Feature flag: off means the HLF standard applies.';
COMMENT ON COLUMN certification.organisation_settings.thresholds IS
    'Days before expires_on at which a reminder is due, descending, 0 to 365.';
COMMENT ON COLUMN certification.organisation_settings.reactivate_renewed IS
    'Whether a renewed mentor becomes active again by itself.';
COMMENT ON COLUMN certification.organisation_settings.listing_mapping IS
    'The organisation''s own mapping; null means the standard.';
COMMENT ON COLUMN certification.organisation_settings.brake_count IS
    'The organisation''s own limit; null means the standard.';
COMMENT ON COLUMN certification.organisation_settings.brake_percent IS
    'The organisation''s own limit; null means the standard.';
COMMENT ON COLUMN certification.organisation_settings.table_is_ours IS
    'Whether every row of the organisation''s listing table comes from here. If all organisations of that table say '
    'so, a visible row of no mentor is hidden.';
