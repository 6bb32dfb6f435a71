-- What became of each mail that SES accepted (I17). The events come late, twice and in any order, and one may come
-- before the sender has settled the notice, so a notice's arrival is always worked out anew from all of its events.
-- Whatever applies them holds the lock of the notice's row.

CREATE OR REPLACE FUNCTION certification.sender_is_gone_at(p_notice certification.notices) RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_notice.claimed_at + interval '20 minutes'
$$;
COMMENT ON FUNCTION certification.sender_is_gone_at IS
    'Return when whoever claimed this notice is gone for certain: a function is killed at its timeout, 15 minutes at '
    'most. Until then its settling applies the events that wait.';

CREATE OR REPLACE FUNCTION certification.is_of_another_message(p_notice certification.notices, p_message_id text,
                                                               p_accepted_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_notice.attempts = 0
        -- Every id of SES has digits. A word without one is what an operator settled a stuck notice with.
        OR p_notice.message_id ~ '[0-9]' AND p_notice.message_id <> p_message_id
        -- The clocks of SES and of the database differ by less.
        OR p_accepted_at < p_notice.claimed_at - interval '5 minutes'
$$;
COMMENT ON FUNCTION certification.is_of_another_message IS
    'Return whether an event with this notice''s id is of another mail than the one that this row stands for, as after '
    'a restore: the row was never claimed, was sent with another message id, or was claimed only later.';

CREATE OR REPLACE FUNCTION certification.judge_address(p_notice certification.notices) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_known certification.unusable_addresses;
    v_allowed_at timestamptz;
    v_reason text;
    v_since timestamptz;
    v_order text[] := '{address_bounces_repeatedly,address_bounced,address_complained}';
BEGIN
    IF p_notice.address_digest IS NULL THEN
        RETURN; -- sent before digests were kept
    END IF;
    -- Two transient bounces of one address at once would each see two of the three.
    PERFORM pg_advisory_xact_lock(hashtextextended('address ' || encode(p_notice.address_digest, 'hex'), 0));
    SELECT u.* INTO v_known FROM certification.unusable_addresses AS u
     WHERE u.address_digest = p_notice.address_digest;
    v_allowed_at := coalesce(v_known.allowed_at, '-infinity');
    SELECT f.reason, f.since INTO v_reason, v_since FROM (
        SELECT 'address_complained' AS reason, min(e.occurred_at) AS since FROM certification.mail_events AS e
         WHERE e.notice_id = p_notice.id AND e.kind = 'complaint'
        UNION ALL
        SELECT 'address_bounced', min(e.occurred_at) FROM certification.mail_events AS e
         WHERE e.notice_id = p_notice.id AND e.bounce_type = 'permanent' AND e.occurred_at > v_allowed_at
        UNION ALL
        SELECT 'address_bounces_repeatedly', max(x.arrival_at) FROM (
            SELECT n.arrival_at, n.arrival = 'bounced' AS is_transient
              FROM certification.notices AS n
             WHERE n.address_digest = p_notice.address_digest AND n.arrival_at > v_allowed_at
               AND (n.arrival = 'delivered'
                    OR n.arrival = 'bounced' AND starts_with(n.arrival_code, 'transient')
                       AND NOT certification.may_be_an_automatic_reply(n))
             ORDER BY n.id DESC LIMIT 3) AS x
        HAVING count(*) = 3 AND bool_and(x.is_transient)) AS f
     WHERE f.since IS NOT NULL
     ORDER BY array_position(v_order, f.reason) DESC LIMIT 1;
    IF v_reason IS NULL THEN
        -- A delivery that is known only now stands between the three.
        DELETE FROM certification.unusable_addresses AS u
         WHERE u.address_digest = p_notice.address_digest AND u.reason = 'address_bounces_repeatedly'
           AND u.allowed_at IS NULL;
        UPDATE certification.unusable_addresses AS u SET reason = NULL
         WHERE u.address_digest = p_notice.address_digest AND u.reason = 'address_bounces_repeatedly';
        RETURN;
    END IF;
    INSERT INTO certification.unusable_addresses AS u (address_digest, person_id, notice_id, reason, since)
    VALUES (p_notice.address_digest, coalesce(p_notice.mentor_id, p_notice.coordinator_id), p_notice.id, v_reason,
            v_since)
    ON CONFLICT (address_digest) DO UPDATE
       SET reason = excluded.reason, person_id = excluded.person_id, notice_id = excluded.notice_id,
           since = CASE WHEN u.reason = excluded.reason AND u.reason <> 'address_bounces_repeatedly'
                        THEN least(u.since, excluded.since) ELSE excluded.since END
     WHERE u.reason IS NULL
        OR array_position(v_order, excluded.reason) >= array_position(v_order, u.reason);
END
$$;
COMMENT ON FUNCTION certification.judge_address IS
    'Make the address that this notice went to unusable where its events say so: a complaint, a permanent bounce, or '
    'three transient bounces in a row. A delivery breaks the row. What says nothing of the address neither counts nor '
    'breaks it: a mail that SES rejected, a bounce whose cause is undetermined, what may be an automatic reply, and a '
    'mail that nothing is known of. The outcome does not depend on the order of the events.';

CREATE OR REPLACE FUNCTION certification.was_suppressed(p_code text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(p_code = 'OnAccountSuppressionList', false)
$$;
COMMENT ON FUNCTION certification.was_suppressed IS
    'Return whether SES kept the mail back because its address had bounced or complained before: a complaint with this '
    'code is of an earlier mail.';

CREATE OR REPLACE FUNCTION certification.did_not_arrive(p_notice certification.notices) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(p_notice.arrival = 'bounced'
                    OR p_notice.arrival = 'complained'
                       AND certification.was_suppressed(split_part(p_notice.arrival_code, ':', 1)), false)
$$;
COMMENT ON FUNCTION certification.did_not_arrive IS
    'Return whether the recipient does not have the mail, as far as SES says. Whoever calls it unwanted has it.';

CREATE OR REPLACE FUNCTION certification.may_be_an_automatic_reply(p_notice certification.notices) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(p_notice.arrival = 'bounced' AND p_notice.arrival_code ~* '^transient:general(:|$)', false)
       AND EXISTS (SELECT 1 FROM certification.mail_events AS e
                    WHERE e.notice_id = p_notice.id AND e.kind = 'delivery')
$$;
COMMENT ON FUNCTION certification.may_be_an_automatic_reply IS
    'Return whether the mail was delivered and then bounced as Transient/General: so SES reports an out-of-office '
    'reply as well. It is reported as a bounce, because it may be one, and is held against nobody.';

CREATE OR REPLACE FUNCTION certification.arrival_reason(p_notice certification.notices, p_email text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        -- SES stopped the mail itself, which says nothing of any address.
        WHEN p_notice.arrival = 'bounced' AND x.bounce_type IS NULL THEN 'stopped_by_ses'
        WHEN x.is_former THEN CASE p_notice.arrival WHEN 'complained' THEN 'complained_at_former_address'
                                   ELSE 'bounced_at_former_address' END
        WHEN p_notice.arrival = 'complained' THEN 'address_complained'
        WHEN x.bounce_type = 'permanent' THEN 'address_bounced'
        WHEN x.bounce_type = 'undetermined' THEN 'bounced_undetermined'
        WHEN certification.address_problem(p_email) = 'address_bounces_repeatedly' THEN 'address_bounces_repeatedly'
        ELSE 'bounced_transiently' END
      FROM (SELECT substring(p_notice.arrival_code FROM '^(permanent|transient|undetermined)') AS bounce_type,
                   p_notice.address_digest IS DISTINCT FROM certification.address_digest(p_email) AS is_former) AS x
$$;
COMMENT ON FUNCTION certification.arrival_reason IS
    'Return in one word why a mail did not arrive, for the coordinator, who reads it beside the address that the app '
    'has now. What happened at a former address says nothing of that one.';

CREATE OR REPLACE FUNCTION certification.apply_mail_events(p_notice_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_notice certification.notices;
    v_message_id text;
    v_decisive certification.mail_events;
BEGIN
    SELECT n.* INTO v_notice FROM certification.notices AS n WHERE n.id = p_notice_id;
    v_message_id := coalesce(substring(v_notice.message_id FROM '^.*[0-9].*$'), (
        SELECT e.message_id FROM certification.mail_events AS e WHERE e.notice_id = p_notice_id ORDER BY e.id LIMIT 1));
    IF v_message_id IS NULL THEN
        RETURN;
    END IF;
    -- It waited for the sender, who had another message.
    DELETE FROM certification.mail_events AS e WHERE e.notice_id = p_notice_id AND e.message_id <> v_message_id;
    UPDATE certification.mail_events AS e SET waits_until = NULL, applied_at = clock_timestamp()
     WHERE e.notice_id = p_notice_id AND e.waits_until IS NOT NULL;
    IF NOT EXISTS (SELECT 1 FROM certification.mail_events AS e WHERE e.notice_id = p_notice_id) THEN
        RETURN;
    END IF;
    SELECT e.* INTO v_decisive FROM certification.mail_events AS e
     WHERE e.notice_id = p_notice_id AND e.kind <> 'delay'
     ORDER BY array_position('{complaint,bounce,reject,delivery}'::text[], e.kind),
              array_position('{permanent,undetermined,transient}'::text[], e.bounce_type),
              certification.was_suppressed(e.code), e.occurred_at, e.event_key
     LIMIT 1;
    UPDATE certification.notices AS n
       -- An event proves that SES accepted the mail, whatever the sender knew.
       SET state = 'sent', reason = NULL, message_id = v_message_id,
           settled_at = CASE WHEN n.state = 'sent' THEN n.settled_at ELSE clock_timestamp() END,
           arrival = coalesce(x.arrival, n.arrival),
           arrival_at = CASE WHEN x.arrival IS NULL THEN n.arrival_at ELSE v_decisive.occurred_at END,
           arrival_code = CASE WHEN x.arrival IS NULL THEN n.arrival_code ELSE nullif(concat_ws(':',
               v_decisive.bounce_type, v_decisive.code, v_decisive.status), '') END,
           reported_in = CASE
               WHEN x.arrival = 'complained' AND n.arrival IS DISTINCT FROM 'complained' THEN NULL
               -- That digest was to say that SES refused the mail, and has not said it.
               WHEN n.state <> 'sent' AND EXISTS (SELECT 1 FROM certification.notices AS d
                                                   WHERE d.id = n.reported_in AND d.state = 'pending') THEN NULL
               ELSE n.reported_in END
      FROM (SELECT CASE v_decisive.kind WHEN 'complaint' THEN 'complained' WHEN 'delivery' THEN 'delivered'
                                        WHEN 'bounce' THEN 'bounced' WHEN 'reject' THEN 'bounced' END) AS x (arrival)
     WHERE n.id = p_notice_id
    RETURNING n.* INTO v_notice;
    PERFORM certification.judge_address(v_notice);
    -- A digest that was not delivered goes to the fall-back address once, unless it was sent there. Whoever calls it
    -- unwanted has it.
    INSERT INTO certification.notices (run_id, organisation_id, kind, coordinator_id, fallback_of)
    SELECT v_notice.run_id, v_notice.organisation_id, 'digest', v_notice.coordinator_id, v_notice.id
     WHERE v_notice.kind = 'digest' AND v_notice.fallback_of IS NULL
       AND v_notice.address_digest IS DISTINCT FROM certification.address_digest(
           certification.effective_fallback_address(v_notice.organisation_id))
       AND EXISTS (SELECT 1 FROM certification.mail_events AS e
                    WHERE e.notice_id = p_notice_id
                      AND (e.kind IN ('bounce', 'reject') OR certification.was_suppressed(e.code)))
    ON CONFLICT (fallback_of) WHERE fallback_of IS NOT NULL DO NOTHING;
END
$$;
COMMENT ON FUNCTION certification.apply_mail_events IS
    'Work out what became of a notice from all of its events, and what follows: its arrival (complained before bounced '
    'before delivered, in whatever order they came), the state sent for a notice whose reply was lost (I4), the '
    'address, and the copy of a digest. The caller holds the lock of the notice''s row.';

CREATE OR REPLACE FUNCTION certification.record_mail_event(
    p_event_key text, p_notice_id bigint, p_kind text, p_message_id text, p_accepted_at timestamptz,
    p_occurred_at timestamptz, p_bounce_type text, p_code text, p_status text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_notice certification.notices;
    v_message_id text := certification.plain(p_message_id, 200);
    v_waits_until timestamptz;
    v_is_new boolean;
BEGIN
    SELECT n.* INTO v_notice FROM certification.notices AS n WHERE n.id = p_notice_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN 'unknown_notice';
    ELSIF certification.is_of_another_message(v_notice, v_message_id, p_accepted_at) THEN
        RETURN 'another_message';
    END IF;
    -- A sender who lost SES's reply has settled the notice as claimed with a reason, and waits for nothing.
    IF v_notice.state = 'claimed' AND v_notice.reason IS NULL
       AND certification.sender_is_gone_at(v_notice) > clock_timestamp() THEN
        v_waits_until := certification.sender_is_gone_at(v_notice);
    END IF;
    INSERT INTO certification.mail_events (event_key, notice_id, kind, message_id, occurred_at, bounce_type, code,
                                           status, waits_until, applied_at)
    VALUES (certification.plain(p_event_key, 400), p_notice_id, p_kind, v_message_id,
            certification.readable_time(p_occurred_at), p_bounce_type, certification.plain(p_code, 60),
            certification.plain(p_status, 20), v_waits_until,
            CASE WHEN v_waits_until IS NULL THEN clock_timestamp() END)
    ON CONFLICT (event_key) DO NOTHING;
    v_is_new := FOUND;
    IF v_waits_until IS NULL THEN
        PERFORM certification.apply_mail_events(p_notice_id);
    END IF;
    RETURN CASE WHEN NOT v_is_new THEN 'repeated' WHEN v_waits_until IS NULL THEN 'recorded' ELSE 'waiting' END;
END
$$;
COMMENT ON FUNCTION certification.record_mail_event IS
    'Record an event of SES once, and apply it (I17). Return recorded; repeated: it was here before; waiting: the '
    'sender has claimed the notice and not settled it yet, and will apply the event, or the sweep will (I4); '
    'unknown_notice; another_message: the notice with this id stands for another mail, as after a restore.';

CREATE OR REPLACE FUNCTION certification.settle_mail_events(p_limit integer) RETURNS TABLE (measure text, n bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_ids bigint[];
    v_id bigint;
BEGIN
    -- In the order of the addresses, so that two sweeps never wait for each other's address.
    v_ids := ARRAY(
        SELECT o.id FROM certification.notices AS o
         WHERE o.id IN (SELECT e.notice_id FROM certification.mail_events AS e
                         WHERE e.waits_until < clock_timestamp() ORDER BY e.waits_until LIMIT p_limit)
         ORDER BY o.address_digest, o.id
           FOR NO KEY UPDATE SKIP LOCKED);
    FOREACH v_id IN ARRAY v_ids LOOP
        PERFORM certification.apply_mail_events(v_id);
    END LOOP;
    RETURN QUERY SELECT 'mail_events_taken_up', cardinality(v_ids)::bigint;
    UPDATE certification.notices AS o SET arrival = 'unknown', arrival_at = clock_timestamp()
     WHERE o.id = ANY (ARRAY(
        SELECT t.id FROM certification.notices AS t
         WHERE t.state = 'sent' AND t.arrival IS NULL AND t.settled_at < clock_timestamp() - interval '24 hours'
         ORDER BY t.settled_at LIMIT p_limit
           FOR NO KEY UPDATE SKIP LOCKED));
    GET DIAGNOSTICS n = ROW_COUNT;
    measure := 'arrivals_unknown';
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION certification.settle_mail_events IS
    'Apply the events whose sender is gone (I4), and give up as unknown what SES has accepted a day ago and said '
    'nothing of since (I17), so many of each at most. A later event still wins. Return the counts, zeros included '
    '(I12).';

CREATE OR REPLACE FUNCTION certification.mail_history(p_mentor_id uuid) RETURNS TABLE (
    notice_id bigint, kind text, threshold_day smallint, certification_expiry_date date, state text, reason text,
    attempts smallint, claimed_at timestamptz, accepted_at timestamptz, message_id text, arrival text,
    arrival_at timestamptz, arrival_code text, delays bigint, events jsonb, reported_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT n.id, n.kind, n.threshold_day, n.certification_expiry_date, n.state, n.reason, n.attempts, n.claimed_at,
           CASE n.state WHEN 'sent' THEN n.settled_at END, n.message_id, n.arrival, n.arrival_at, n.arrival_code,
           e.delays, e.events, d.settled_at
      FROM certification.notices AS n
     CROSS JOIN LATERAL (
           SELECT min(r.settled_at) AS settled_at FROM certification.notices AS r
            WHERE (r.id = n.reported_in OR r.fallback_of = n.reported_in)
              AND r.state = 'sent' AND NOT certification.did_not_arrive(r)) AS d
     CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE v.kind = 'delay') AS delays,
                  coalesce(jsonb_agg(jsonb_build_object(
                      'kind', v.kind, 'at', v.occurred_at, 'bounce_type', v.bounce_type, 'code', v.code,
                      'status', v.status, 'waits_until', v.waits_until) ORDER BY v.occurred_at, v.id), '[]') AS events
             FROM certification.mail_events AS v WHERE v.notice_id = n.id) AS e
     WHERE n.mentor_id = p_mentor_id
     ORDER BY n.id
$$;
COMMENT ON FUNCTION certification.mail_history IS
    'Return the life of each mail of a mentor, the oldest first: claimed, accepted, and what became of it, with every '
    'event of SES, in times and codes (I11, I17). reported_at: when the digest that reports it was sent, or its copy; '
    'null while that is lost.';

REVOKE ALL ON FUNCTION
    certification.sender_is_gone_at, certification.is_of_another_message, certification.judge_address,
    certification.was_suppressed, certification.did_not_arrive, certification.may_be_an_automatic_reply,
    certification.arrival_reason, certification.apply_mail_events,
    certification.record_mail_event, certification.settle_mail_events, certification.mail_history
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    certification.record_mail_event
TO certification_mail_events;
GRANT EXECUTE ON FUNCTION
    certification.settle_mail_events
TO certification_reconciliation;
GRANT EXECUTE ON FUNCTION
    certification.mail_history
TO certification_operations, certification_operations_reader;
