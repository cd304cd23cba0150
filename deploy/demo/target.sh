#!/bin/sh
# Runs once, at the first start of the demo's target: the user under which Lutra writes, and the same table.
mariadb --user=root --password="$MARIADB_ROOT_PASSWORD" <<SQL
CREATE USER 'lutra'@'%' IDENTIFIED BY '$LUTRA_DEMO_PASSWORD';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON shop.* TO 'lutra'@'%';
GRANT ALL PRIVILEGES ON lutra.* TO 'lutra'@'%';
CREATE TABLE shop.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, customer VARCHAR(80), total DECIMAL(12,2));
SQL
