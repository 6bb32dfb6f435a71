-- The brake is the mass-change limit of an organisation.

CREATE OR REPLACE FUNCTION certification.brake_release_is_in_force(p_released_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(p_released_at > clock_timestamp() - interval '24 hours', false)
$$;
COMMENT ON FUNCTION certification.brake_release_is_in_force IS
    'Return whether a release still holds. A release ends with the run that uses it, or after 24 hours.';

CREATE OR REPLACE FUNCTION certification.exceeds_limit(p_n bigint, p_of bigint, p_count integer, p_percent integer)
RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT p_n > p_count AND p_n * 100 > p_percent * p_of
$$;
COMMENT ON FUNCTION certification.exceeds_limit IS
    'Return whether a change of p_n out of p_of mentors exceeds the mass-change limit: both the count and the percent.';

CREATE OR REPLACE FUNCTION certification.brake_holds(
    p_organisation_id uuid, p_kind text, p_n bigint, p_of bigint, p_run_id uuid) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_limits record := certification.brake_limits(p_organisation_id);
    v_over boolean := certification.exceeds_limit(p_n, p_of, v_limits.count, v_limits.percent);
    v_brake certification.brakes;
BEGIN
    SELECT b.* INTO v_brake FROM certification.brakes AS b
     WHERE b.organisation_id = p_organisation_id AND b.kind = p_kind AND b.closed_at IS NULL
       FOR UPDATE;
    IF NOT v_over OR certification.brake_release_is_in_force(v_brake.released_at) THEN
        UPDATE certification.brakes AS b SET closed_at = clock_timestamp(), closed_in = p_run_id
         WHERE b.id = v_brake.id;
        RETURN false;
    END IF;
    -- The run that used the release rechecks the mentors that it skipped.
    IF EXISTS (SELECT 1 FROM certification.brakes AS b
                WHERE b.closed_in = p_run_id AND b.closed_at IS NOT NULL AND b.released_at IS NOT NULL
                  AND b.organisation_id = p_organisation_id AND b.kind = p_kind) THEN
        RETURN false;
    END IF;
    INSERT INTO certification.brakes AS b (organisation_id, kind, run_id, last_run_id, n, of_n)
    VALUES (p_organisation_id, p_kind, p_run_id, p_run_id, p_n, p_of)
    ON CONFLICT (organisation_id, kind) WHERE closed_at IS NULL DO UPDATE
       SET last_run_id = excluded.last_run_id, n = excluded.n, of_n = excluded.of_n,
           released_at = NULL, released_by = NULL, released_reason = NULL;
    RETURN true;
END
$$;
COMMENT ON FUNCTION certification.brake_holds IS
    'Return whether the mass-change limit forbids a change of p_n out of p_of mentors: it exceeds both the count and '
    'the percent, and no person has released it. Call it in the transaction of the change. False closes an open brake '
    'and uses up its release; true opens a brake, or renews an open one.';

CREATE OR REPLACE FUNCTION certification.release_brake(p_organisation_id uuid, p_kind text, p_actor text,
                                                       p_reason text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '30s' AS $$
DECLARE
    v_brake certification.brakes;
BEGIN
    SELECT b.* INTO v_brake FROM certification.brakes AS b
     WHERE b.organisation_id = p_organisation_id AND b.kind = p_kind AND b.closed_at IS NULL
       FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 'no_brake';
    ELSIF certification.brake_release_is_in_force(v_brake.released_at) THEN
        RETURN 'already_released';
    END IF;
    UPDATE certification.brakes AS b
       SET released_at = clock_timestamp(), released_by = p_actor, released_reason = p_reason,
           -- No further run visits an organisation that is gone, so its brake closes at once.
           closed_at = CASE WHEN NOT EXISTS (SELECT 1 FROM public.organisations AS o WHERE o.id = p_organisation_id)
                             AND p_kind <> 'repair' THEN clock_timestamp() END
     WHERE b.id = v_brake.id;
    INSERT INTO certification.audit (action, actor, reason, organisation_id, facts)
    VALUES ('release_brake', p_actor, p_reason, p_organisation_id,
            jsonb_build_object('kind', p_kind, 'brake', v_brake.id, 'n', v_brake.n, 'of', v_brake.of_n,
                               'run_id', v_brake.last_run_id));
    RETURN 'released';
END
$$;
COMMENT ON FUNCTION certification.release_brake IS
    'Let the next run within 24 hours make the change that the brake stopped. Return released, no_brake or '
    'already_released.';

REVOKE ALL ON FUNCTION
    certification.brake_release_is_in_force, certification.exceeds_limit, certification.brake_holds,
    certification.release_brake
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.release_brake
TO certification_operations;
