// A server of the usual shape, for comparison: Hono on Node with `pg`, a pool of ten, one statement after the other.
// A click: select the link, insert the click. A sale: select click and partner, insert event and commission.
import { serve } from "@hono/node-server";
import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env.REFERENCE_DATABASE, max: 10 });
const app = new Hono();
const ask = (name, text, values) => pool.query({ name, text, values });

app.get("/r/:program/:key", async (c) => {
  const { program, key } = c.req.param();
  const found = await ask("link", "select id, partner, destination from ref_link where program = $1 and key = $2",
    [program, key]);
  const link = found.rows[0];
  if (!link) return c.text("unknown", 404);
  const id = randomUUID();
  await ask("click", "insert into ref_click (id, link, partner, visitor, at, agent, referrer) values ($1,$2,$3,$4,now(),$5,$6)",
    [id, link.id, link.partner, randomUUID(), c.req.header("user-agent") ?? "", c.req.header("referer") ?? ""]);
  c.header("Set-Cookie", `visitor=${id}; HttpOnly; Path=/; SameSite=Lax`);
  c.header("Cache-Control", "no-store");
  return c.redirect(`${link.destination}${link.destination.includes("?") ? "&" : "?"}click=${id}`, 302);
});

async function record(sale) {
  if (typeof sale?.id !== "string" || typeof sale.customer !== "string" || !/^\d+(\.\d\d)?$/.test(sale.amount ?? "") ||
      !/^[A-Z]{3}$/.test(sale.currency ?? "") || Number.isNaN(Date.parse(sale.at))) return 422;
  const click = await ask("the-click", "select partner from ref_click where id = $1", [sale.click_id]);
  const partner = await ask("partner", "select id, rate from ref_partner where id = $1", [click.rows[0]?.partner ?? null]);
  const made = await ask("event",
    "insert into ref_event (id, customer, partner, amount, currency, at) values ($1,$2,$3,$4,$5,$6) on conflict do nothing",
    [sale.id, sale.customer, partner.rows[0]?.id ?? null, sale.amount, sale.currency, sale.at]);
  if (made.rowCount && partner.rows[0]) {
    await ask("commission", "insert into ref_commission (event, partner, amount, currency) values ($1,$2,$3::numeric*$4::numeric,$5)",
      [sale.id, partner.rows[0].id, sale.amount, partner.rows[0].rate, sale.currency]);
  }
  return made.rowCount ? 202 : 200;
}

app.post("/v1/track/sale", async (c) => {
  const status = await record(await c.req.json());
  return c.json({ ok: status < 300 }, status);
});
app.post("/v1/track/sale/batch", async (c) => {
  const { items } = await c.req.json();
  for (const sale of items) {
    const status = await record(sale);
    if (status === 422) return c.json({ ok: false }, 422);
  }
  return c.json({ ok: true }, 202);
});

serve({ fetch: app.fetch, port: Number(process.env.REFERENCE_PORT), hostname: "127.0.0.1" });
