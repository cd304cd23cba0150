#!/bin/sh
# Runs once, at the first start of the demo's source: the user under which Lutra reads, and a table to try.
mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" <<SQL
CREATE USER 'lutra'@'%' IDENTIFIED BY '$LUTRA_DEMO_PASSWORD';
GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO 'lutra'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO 'lutra'@'%';
CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(80), total DECIMAL(12,2));
SQL
