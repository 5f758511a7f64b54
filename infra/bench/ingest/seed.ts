/** The charge of every order of the benchmark; a cancellation refunds it. */
export const CHARGE = '2.5'

/** Orders 1 to `orders`, spread evenly over the users. */
export function seedSql(orders: number, users: number): string {
  return `
    INSERT INTO accounts (user_id, currency) SELECT 'user-' || n, 'USD' FROM generate_series(1, ${users}) AS n;
    INSERT INTO orders (order_id, provider, provider_order_id, user_id, service, link, quantity, charge)
    SELECT 'order-' || n, 'godofpanel', n::text, 'user-' || (n % ${users} + 1), 'Instagram followers',
      'https://instagram.com/somebody', 1000, ${CHARGE} FROM generate_series(1, ${orders}) AS n;
    UPDATE accounts SET totals_seq = 0, order_counts = json_build_object('pending', counted.orders)
    FROM (SELECT user_id, count(*) AS orders FROM orders GROUP BY user_id) AS counted
    WHERE counted.user_id = accounts.user_id`
}
