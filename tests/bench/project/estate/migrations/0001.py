from estate.building import migration

Migration = migration(1)
