import type { Connection, ResultSetHeader } from 'mysql2/promise';
import type { Random } from './random.ts';
import { SHOP } from './shop-schema.ts';

export interface ShopPlan {
  readonly customers: number;
  readonly articles: number;
  readonly orders: number;
  /** Rows of the one large transaction: a supplier's catalogue. */
  readonly catalogueRows: number;
}

/** A shop at work: people register, order, pay, move and cancel; parcels leave; in the middle a supplier's whole catalogue arrives in one transaction. */
export class ShopWorkload {
  /** Rows that the source has changed so far, as its binary log counts them. */
  rows = 0;
  transactions = 0;
  private readonly openOrders: number[] = [];

  constructor(
    private readonly connection: Connection,
    private readonly random: Random,
    private readonly plan: ShopPlan,
  ) {}

  /** Runs the plan until its end or until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.connection.query(`USE ${SHOP}`);
    await this.openTheShop();
    const { orders } = this.plan;
    for (let done = 0; done < orders && !signal.aborted; done += 1) {
      if (done === Math.floor(orders / 2)) await this.importCatalogue();
      await this.placeOrder();
      if (done % 3 === 0) await this.moveOrderOn();
      if (done % 7 === 0) await this.changeCustomer();
      if (done % 10 === 0) await this.cancelOrder();
    }
  }

  private async openTheShop(): Promise<void> {
    await this.transaction(async () => {
      for (let from = 1; from <= this.plan.articles; from += ROWS_PER_STATEMENT)
        await this.insertArticles('A', from, Math.min(from + ROWS_PER_STATEMENT - 1, this.plan.articles));
    });
    await this.transaction(async () => {
      for (let number = 1; number <= this.plan.customers; number += 1) {
        const name = `${this.random.pick(FIRST_NAMES)} ${this.random.pick(LAST_NAMES)}`;
        const preferences = JSON.stringify({
          newsletter: this.random.next() < 0.5,
          sizes: [this.random.between(36, 46)],
        });
        await this.change(
          'INSERT INTO customers (email, name, city, preferences, created_at) VALUES (?, ?, ?, ?, NOW(6))',
          [`customer${String(number)}@shop.example`, name, this.random.pick(CITIES), preferences],
        );
      }
    });
  }

  private importCatalogue(): Promise<void> {
    return this.transaction(async () => {
      for (let from = 1; from <= this.plan.catalogueRows; from += ROWS_PER_STATEMENT)
        await this.insertArticles('S', from, Math.min(from + ROWS_PER_STATEMENT - 1, this.plan.catalogueRows));
    });
  }

  private async insertArticles(prefix: string, first: number, last: number): Promise<void> {
    const rows = [];
    for (let number = first; number <= last; number += 1)
      rows.push([
        articleSku(prefix, number),
        `${this.random.pick(COLOURS)} ${this.random.pick(THINGS)} № ${String(number)}`,
        (this.random.between(100, 99_999) / 100).toFixed(2),
        this.random.between(10, 500),
        this.random.next() < 0.1 ? null : this.random.next() * 10,
      ]);
    const values = rows.map(() => '(?, ?, ?, ?, ?, NOW(3))').join(', ');
    await this.change(
      `INSERT INTO stock (sku, title, price, quantity, weight_kg, changed_at) VALUES ${values}`,
      rows.flat(),
    );
  }

  private placeOrder(): Promise<void> {
    return this.transaction(async () => {
      const lines = Array.from({ length: this.random.between(1, 5) }, (_, index) => ({
        line: index + 1,
        sku: articleSku('A', this.random.between(1, this.plan.articles)),
        quantity: this.random.between(1, 3),
        price: this.random.between(100, 20_000),
      }));
      const total = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
      const order = await this.change(
        "INSERT INTO orders (customer_id, status, total, note, placed_at) VALUES (?, 'new', ?, ?, NOW(6))",
        [this.random.between(1, this.plan.customers), (total / 100).toFixed(2), this.random.pick(NOTES)],
      );
      const items = lines.flatMap(({ line, sku, quantity, price }) => [
        order.insertId,
        line,
        sku,
        quantity,
        (price / 100).toFixed(2),
      ]);
      const values = lines.map(() => '(?, ?, ?, ?, ?)').join(', ');
      await this.change(`INSERT INTO order_items (order_id, line, sku, quantity, price) VALUES ${values}`, items);
      for (const { sku, quantity } of lines)
        await this.change('UPDATE stock SET quantity = quantity - ?, changed_at = NOW(3) WHERE sku = ?', [
          quantity,
          sku,
        ]);
      this.openOrders.push(order.insertId);
    });
  }

  private async moveOrderOn(): Promise<void> {
    const order = this.openOrders[this.random.between(0, this.openOrders.length - 1)];
    if (order === undefined) return;
    await this.transaction(async () => {
      await this.change(
        "UPDATE orders SET status = IF(status = 'new', 'paid', IF(status = 'paid', 'packed', 'shipped')) WHERE id = ?",
        [order],
      );
    });
  }

  private async changeCustomer(): Promise<void> {
    await this.transaction(async () => {
      await this.change('UPDATE customers SET city = ? WHERE id = ?', [
        this.random.pick(CITIES),
        this.random.between(1, this.plan.customers),
      ]);
    });
  }

  private async cancelOrder(): Promise<void> {
    const order = this.openOrders.splice(this.random.between(0, this.openOrders.length - 1), 1)[0];
    if (order === undefined) return;
    await this.transaction(async () => {
      await this.change('DELETE FROM order_items WHERE order_id = ?', [order]);
      await this.change('DELETE FROM orders WHERE id = ?', [order]);
    });
  }

  private async transaction(work: () => Promise<void>): Promise<void> {
    await this.connection.beginTransaction();
    await work();
    await this.connection.commit();
    this.transactions += 1;
  }

  /** An update that leaves a row as it was is not in the binary log: only changed rows count. */
  private async change(sql: string, values: readonly SqlValue[]): Promise<ResultSetHeader> {
    const [result] = await this.connection.query<ResultSetHeader>(sql, [...values]);
    this.rows += sql.startsWith('UPDATE') ? changedRows(result) : result.affectedRows;
    return result;
  }
}

type SqlValue = string | number | null;

const ROWS_PER_STATEMENT = 500;

/** The driver offers the count only in the server's words: "Rows matched: 1  Changed: 1  Warnings: 0". */
function changedRows(result: ResultSetHeader): number {
  return Number(/Changed: (\d+)/.exec(result.info)?.[1] ?? result.affectedRows);
}

const articleSku = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(6, '0')}`;

const FIRST_NAMES = ['Ada', 'Björn', 'Chloé', 'Dmitri', 'Eun-ji', 'Fatima', 'Grace', 'Žofie'] as const;
const LAST_NAMES = ['Novák', 'García', 'Müller', 'O’Brien', 'Sørensen', 'Tanaka 田中', 'Yılmaz'] as const;
const CITIES = ['Brno', 'Lisboa', 'Reykjavík', 'São Paulo', 'Zürich', '東京', null] as const;
const COLOURS = ['blue', 'green', 'red', 'white'] as const;
const THINGS = ['boots', 'kettle', 'lamp', 'rucksack', 'tent'] as const;
const NOTES = [null, 'please ring twice', 'a gift 🎁 – no invoice in the parcel', ''] as const;
