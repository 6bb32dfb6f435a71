-- The foundation contract (docs/contract.md), as a stand-in for local use. Real deployments already have these
-- tables; nothing here is deployed. Core SQL only, PostgreSQL 15 and newer.

CREATE TABLE public.organisations (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name      text NOT NULL,
    timezone  text NOT NULL DEFAULT 'Europe/Oslo'
);

CREATE TABLE public.coordinators (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id  uuid NOT NULL REFERENCES public.organisations (id),
    full_name        text NOT NULL,
    email            text,
    locale           text NOT NULL DEFAULT 'nb'
);

CREATE TABLE public.peer_mentors (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organisation_id  uuid NOT NULL REFERENCES public.organisations (id),
    coordinator_id   uuid REFERENCES public.coordinators (id),
    first_name       text NOT NULL,
    last_name        text NOT NULL,
    email            text,
    phone            text,
    area             text,
    status           text NOT NULL DEFAULT 'active'
        CONSTRAINT peer_mentors_status_known
        CHECK (status IN ('active', 'paused', 'certification_expired', 'inactive')),
    listing_consent  boolean NOT NULL DEFAULT false,
    locale           text NOT NULL DEFAULT 'nb'
);
CREATE INDEX peer_mentors_coordinator ON public.peer_mentors (coordinator_id);

-- One current row per mentor: a renewal replaces the dates. expires_on is the last valid day, inclusive.
CREATE TABLE public.certifications (
    mentor_id     uuid PRIMARY KEY REFERENCES public.peer_mentors (id) ON DELETE CASCADE,
    certified_on  date NOT NULL,
    expires_on    date NOT NULL
);

CREATE TABLE public.mentor_status_log (
    id                         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mentor_id                  uuid NOT NULL,
    from_status                text NOT NULL,
    to_status                  text NOT NULL,
    reason                     text NOT NULL,
    actor                      text NOT NULL,
    certification_expiry_date  date,
    occurred_at                timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The core workflows, as far as the contract names them.
CREATE FUNCTION public.pause_mentor(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_from text;
BEGIN
    SELECT status INTO v_from FROM public.peer_mentors WHERE id = p_mentor_id FOR UPDATE;
    IF v_from IS NULL THEN
        RETURN 'unknown_mentor';
    ELSIF v_from <> 'active' THEN
        RETURN 'skipped_' || v_from;
    END IF;
    UPDATE public.peer_mentors SET status = 'paused' WHERE id = p_mentor_id;
    INSERT INTO public.mentor_status_log (mentor_id, from_status, to_status, reason, actor)
    VALUES (p_mentor_id, v_from, 'paused', p_reason, p_actor);
    RETURN 'changed';
END
$$;

CREATE FUNCTION public.resume_mentor(p_mentor_id uuid, p_actor text, p_reason text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    v_from text;
BEGIN
    SELECT status INTO v_from FROM public.peer_mentors WHERE id = p_mentor_id FOR UPDATE;
    IF v_from IS NULL THEN
        RETURN 'unknown_mentor';
    ELSIF v_from <> 'paused' THEN
        RETURN 'skipped_' || v_from;
    END IF;
    UPDATE public.peer_mentors SET status = 'active' WHERE id = p_mentor_id;
    INSERT INTO public.mentor_status_log (mentor_id, from_status, to_status, reason, actor)
    VALUES (p_mentor_id, v_from, 'active', p_reason, p_actor);
    RETURN 'changed';
END
$$;
