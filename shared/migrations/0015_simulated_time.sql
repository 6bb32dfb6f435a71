-- What counts as now. Deployed it is the clock; the local stack and the tests live through other days.

CREATE TABLE certification.simulated_time (
    only_row  boolean NOT NULL DEFAULT true CONSTRAINT simulated_time_has_one_row CHECK (only_row),
    ahead     interval NOT NULL,
    CONSTRAINT simulated_time_pkey PRIMARY KEY (only_row)
);
COMMENT ON TABLE certification.simulated_time IS
    'How far the present is ahead of the clock, for the local stack and tests. No row, as deployed: not at all. For its owner only.';
REVOKE ALL ON certification.simulated_time FROM PUBLIC;
