use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, index};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        index(
            manager,
            "event",
            "event_recorded",
            &["recorded_at", "sequence"],
            Rows::All,
        )
        .await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let connection = manager.get_connection();
            connection.execute_unprepared(ANNOUNCE).await?;
            connection.execute_unprepared(HORIZON).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            let undo = "DROP TRIGGER event_announce ON event; \
                        DROP FUNCTION orlo_announce_events(); \
                        DROP FUNCTION orlo_event_horizon()";
            connection.execute_unprepared(undo).await?;
        }
        connection
            .execute_unprepared("DROP INDEX event_recorded")
            .await?;
        Ok(())
    }
}

/// Before a transaction draws its first sequence number for an event, it announces by a lock which
/// number was the last one drawn: all of its own will be greater. The lock goes when the transaction
/// ends, after what it wrote can be seen. It is shared, so nobody ever waits for it. Its key is
/// 7303532, which says that it is one of these, times 2^40, plus that number.
const ANNOUNCE: &str = "
    CREATE FUNCTION orlo_announce_events() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Once for each transaction: the setting ends with it, as the lock does.
        IF current_setting('orlo.announced', true) IS DISTINCT FROM 'yes' THEN
            PERFORM pg_advisory_xact_lock_shared((7303532::bigint << 40)
                | CASE WHEN is_called THEN last_value ELSE last_value - 1 END)
            FROM event_sequence_seq;
            PERFORM set_config('orlo.announced', 'yes', true);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER event_announce BEFORE INSERT ON event
        FOR EACH STATEMENT EXECUTE FUNCTION orlo_announce_events()";

/// Up to which sequence number nothing is under way any more. The order of the two questions is
/// what makes it right: a number up to `drawn` was drawn before the locks were looked at, so its
/// transaction either held its lock then, or had ended.
const HORIZON: &str = "
    CREATE FUNCTION orlo_event_horizon() RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
    DECLARE
        drawn bigint;
        announced bigint;
    BEGIN
        SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END
            INTO drawn FROM event_sequence_seq;
        SELECT min((classid::bigint << 32 | objid::bigint) & ((1::bigint << 40) - 1))
            INTO announced FROM pg_locks
            WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 8 = 7303532
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
        RETURN least(drawn, announced);
    END $$";
