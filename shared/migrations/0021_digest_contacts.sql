-- digest_lines returns how to reach each mentor, too; the file notices.sql has it.
DROP FUNCTION certification.digest_lines(bigint);
