/** The demo's schema at both sides. */
export const SHOP = 'shop';

export const SHOP_TABLES = ['customers', 'stock', 'orders', 'order_items'] as const;

/** Statements that make the shop; the target gets the same tables, empty. */
export const SHOP_DDL: readonly string[] = [
  `CREATE DATABASE IF NOT EXISTS ${SHOP} CHARACTER SET utf8mb4`,
  `CREATE TABLE ${SHOP}.customers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email VARCHAR(120) NOT NULL UNIQUE,
    name VARCHAR(80) NOT NULL,
    city VARCHAR(60) NULL,
    preferences JSON NULL,
    created_at DATETIME(6) NOT NULL
  )`,
  `CREATE TABLE ${SHOP}.stock (
    sku VARCHAR(24) NOT NULL PRIMARY KEY,
    title VARCHAR(160) NOT NULL,
    price DECIMAL(12,2) NOT NULL,
    quantity INT NOT NULL,
    weight_kg DOUBLE NULL,
    changed_at TIMESTAMP(3) NOT NULL
  )`,
  `CREATE TABLE ${SHOP}.orders (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    customer_id INT UNSIGNED NOT NULL,
    status ENUM('new','paid','packed','shipped','cancelled') NOT NULL,
    total DECIMAL(14,2) NOT NULL,
    note TEXT NULL,
    placed_at DATETIME(6) NOT NULL,
    KEY customer (customer_id)
  )`,
  `CREATE TABLE ${SHOP}.order_items (
    order_id BIGINT UNSIGNED NOT NULL,
    line SMALLINT UNSIGNED NOT NULL,
    sku VARCHAR(24) NOT NULL,
    quantity INT NOT NULL,
    price DECIMAL(12,2) NOT NULL,
    PRIMARY KEY (order_id, line)
  )`,
];
