# Copyright (c) 2026, the smtpd.email authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module utility is PRIVATE to the collection: it can change at any time without notice.

"""The style sheet of the audit's page."""

from __future__ import annotations

STYLE = """\
:root{
color-scheme:light dark;
--page:#f4f5f8;--card:#fff;--ink:#18202c;--soft:#566072;--line:#dde1e9;--track:#e9ecf2;--link:#2152b8;
--ok:#17734c;--ok-fill:#2ba06d;--degraded:#885400;--degraded-fill:#eba824;
--broken:#b3241a;--broken-fill:#dc4237;--unknown:#5257a0;--unknown-fill:#8b90d0;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
@media (prefers-color-scheme:dark){:root{
--page:#0e131a;--card:#161d27;--ink:#e5eaf2;--soft:#9ba7ba;--line:#2a3443;--track:#232c3a;--link:#8db4ff;
--ok:#5ecb9c;--ok-fill:#3aa877;--degraded:#f3bd56;--degraded-fill:#d8992a;
--broken:#ff8379;--broken-fill:#e2554b;--unknown:#b0b5f5;--unknown-fill:#7b81c9}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:5rem}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 var(--sans);font-variant-numeric:tabular-nums}
header,main,footer{max-width:75rem;margin:0 auto;padding:0 1.5rem}
p,ul,ol,h1,h2,h3{margin:0;padding:0}
ol,ul{list-style:none}
a{color:var(--link)}
bdi,h1,h3,.msg{overflow-wrap:anywhere}
.sprite{position:absolute}
.i{width:1.1em;height:1.1em;flex:none;color:var(--ink)}
.g{fill:none;stroke:var(--page);stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}
.i.ok{color:var(--ok-fill)}.i.degraded{color:var(--degraded-fill)}.i.broken{color:var(--broken-fill)}
.i.unknown{color:var(--unknown)}
.sub{color:var(--soft);margin:.15rem 0 1rem}

header{padding-top:2.5rem}
.over{display:flex;align-items:center;gap:.5rem;color:var(--soft)}
h1{font-size:clamp(1.7rem,1.2rem + 2.4vw,2.7rem);line-height:1.15;letter-spacing:-.02em;font-weight:700;
margin:.35rem 0;text-wrap:balance}
.when{color:var(--soft)}
.sum{display:flex;align-items:center;gap:2.5rem;margin-top:1.75rem;padding:1.5rem 2rem;background:var(--card);
border:1px solid var(--line);border-radius:14px}
.donut{width:11rem;height:11rem;flex:none}
.donut circle{fill:none;stroke-width:15}
.donut .track{stroke:var(--track)}
.donut .ok,.bar .ok{stroke:var(--ok-fill);fill:none}.donut .degraded{stroke:var(--degraded-fill)}
.donut .broken{stroke:var(--broken-fill)}.donut .unknown{stroke:var(--unknown-fill)}
.donut text{text-anchor:middle;fill:var(--ink)}
.donut .n{font-size:30px;font-weight:700;letter-spacing:-.02em}
.donut .long{font-size:24px}
.donut .l{font-size:12px;fill:var(--soft)}
.facts{flex:1;min-width:0}
.legend{display:flex;flex-wrap:wrap;gap:.4rem 1.75rem;font-size:1.1rem}
.legend li,.legend a{display:inline-flex;align-items:center;gap:.45rem;color:var(--ink);text-decoration:none}
.legend a:hover{text-decoration:underline}
.fact{margin-top:1rem;color:var(--soft)}
.fact b{color:var(--ink)}
.bar{display:block;width:100%;height:.6rem;margin-top:.4rem;border-radius:.3rem;background:var(--track)}
.bar .ok{fill:var(--ok-fill);stroke:none}.bar .broken{fill:var(--broken-fill)}.bar .unknown{fill:var(--unknown-fill)}

h2{display:flex;align-items:center;gap:.55rem;font-size:1.4rem;line-height:1.3;letter-spacing:-.01em}
h2 .n,.range .n{color:var(--soft);font-weight:400}
main>section{margin-top:2.5rem}
main>.limits{margin-top:1rem}
main>.show+section{margin-top:1.25rem}

.limits{position:relative;padding:1.5rem 2rem 1.25rem;background:var(--card);border:1px solid var(--line);
border-radius:14px;--left:15rem;--right:11.5rem}
.limits ol,.limits details{position:relative}
.limits li{display:grid;grid-template-columns:calc(var(--left) - 1rem) 1fr calc(var(--right) - 1rem);gap:1rem;
align-items:center;min-height:2rem}
.limits li a{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;color:var(--ink)}
.limits li svg{width:100%;height:.7rem;border-radius:.35rem;overflow:hidden}
.limits li span{color:var(--soft);white-space:nowrap;display:grid;grid-template-columns:5.5rem 1fr}
.limits li b{color:var(--ink)}
.limits rect{fill:var(--unknown-fill)}
.limits .now rect{fill:var(--broken-fill)}.limits .soon rect{fill:var(--degraded-fill)}
.limits rect.track{fill:var(--track)}
.limits .now b{color:var(--broken)}
.lanes{position:relative;padding-top:2.3rem}
.axis{position:absolute;top:0;left:var(--left);width:calc(100% - var(--left) - var(--right));height:100%;
overflow:visible}
.axis text,.histogram text{font:12px var(--sans);fill:var(--soft)}
.axis text:not(.d){fill:var(--ink)}
.axis line{stroke:var(--line)}
.histogram{display:block;width:calc(100% - var(--left) - var(--right));height:90px;margin-left:var(--left);
overflow:visible}
.histogram text{text-anchor:middle;fill:var(--ink)}
.limits details{margin-top:.5rem}

.show{position:sticky;top:0;z-index:2;display:none;gap:.5rem;margin:2rem -1.5rem 0;padding:.75rem 1.5rem;border:0;
background:var(--page)}
@supports selector(:has(*)){.show{display:flex;flex-wrap:wrap}}
.show legend{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.show input{position:absolute;opacity:0}
.show label{padding:.3rem .9rem;border:1px solid var(--line);border-radius:99px;background:var(--card);cursor:pointer}
.show label:hover{border-color:var(--soft)}
.show input:checked+label{background:var(--ink);border-color:var(--ink);color:var(--page)}
.show input:focus-visible+label,a:focus-visible,summary:focus-visible{outline:3px solid var(--link);
outline-offset:2px}
main:has(#show-broken:checked) .part:not(.broken):not(:has(:target)):not(:target),
main:has(#show-degraded:checked) .part:not(.degraded):not(:has(:target)):not(:target),
main:has(#show-unknown:checked) .part:not(.unknown):not(:has(:target)):not(:target),
main:has(#show-ok:checked) .part:not(.ok):not(:has(:target)):not(:target){display:none}

.card{margin-bottom:1rem;padding:1.15rem 1.5rem;background:var(--card);border:1px solid var(--line);
border-radius:14px;display:grid;grid-template-columns:1fr auto;gap:0 1.5rem}
.card>*{grid-column:1/-1;min-width:0}
.card:target{outline:3px solid var(--link)}
.card h3{grid-column:1;font-size:1.15rem;line-height:1.4}
.card .tags{grid-column:2;grid-row:1}
.tags{display:flex;flex-wrap:wrap;gap:.4rem .6rem;align-items:center;color:var(--soft)}
.tag{padding:.05rem .6rem;border-radius:99px;background:var(--track);color:var(--ink);font-size:.875rem;
white-space:nowrap}
.tag.now{background:var(--broken);color:var(--card)}.tag.soon{background:var(--degraded-fill);color:#18202c}
.msg{margin-top:.35rem;max-width:64rem}
.id{font-size:.875rem;color:var(--soft);overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--link)}
.card details{margin-top:.6rem}
.card details summary{width:fit-content}

table{width:100%;border-collapse:collapse;table-layout:fixed;margin-top:.6rem;font-size:.875rem;line-height:1.45}
th{text-align:left;font-weight:400;color:var(--soft);padding:.25rem .75rem .25rem 0}
td{padding:.4rem .75rem .4rem 0;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th:nth-child(1){width:23%}th:nth-child(2){width:4.5rem}th:nth-child(3){width:23%}th:nth-child(4){width:18%}
th:nth-child(5){width:5rem}
td:nth-child(1),td:nth-child(3),.w td:nth-child(4){font-family:var(--mono);font-size:.8rem}
td i{font-style:normal;color:var(--soft)}
tr:not([class]) td:nth-child(n+4){color:var(--soft)}
td:nth-child(6)::before{content:"\\2713  ";color:var(--ok);font-weight:700}
.w td:nth-child(6)::before{content:"\\2715  ";color:var(--broken)}
.q td:nth-child(6)::before{content:"?  ";color:var(--unknown)}
.w td:nth-child(6) b{color:var(--broken)}.q td:nth-child(6) b{color:var(--unknown)}

.list{display:grid;grid-template-columns:repeat(auto-fill,minmax(21rem,1fr));gap:0 1.5rem;align-items:start}
.list details{min-width:0;border-top:1px solid var(--line)}
.list details[open]{grid-column:1/-1;padding-bottom:.75rem}
.list summary{list-style:none;padding:.35rem 0;color:var(--ink);overflow-wrap:anywhere}
.list summary::-webkit-details-marker{display:none}
.list summary::before{content:"\\2713";color:var(--ok);font-weight:700;margin-right:.55rem}
.list summary:hover{color:var(--link)}
.list small{font-size:.875rem;color:var(--soft)}
.range{margin-bottom:.5rem;padding:.6rem 1.25rem;background:var(--card);border:1px solid var(--line);
border-radius:14px}
.range .list{margin-top:.5rem}

footer{margin-top:3rem;padding-top:1.25rem;padding-bottom:3rem;color:var(--soft);font-size:.9rem}
code{font-family:var(--mono)}

@media (max-width:46rem){
header,main,footer{padding-left:1rem;padding-right:1rem}
header{padding-top:1.5rem}
.sum{flex-direction:column;align-items:flex-start;gap:1.25rem;padding:1.25rem}
.donut{align-self:center}
.facts{width:100%}
.legend{display:grid;grid-template-columns:1fr 1fr}
.limits{padding:1.25rem;--left:0rem;--right:0rem}
.limits li{grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.4rem 0}
.limits li svg{grid-row:2;grid-column:1/-1}
.limits li span{display:block}
.axis .odd,.axis line{display:none}
.show{position:static;margin:1.5rem -1rem 0;padding:.6rem 1rem;gap:.4rem}
.show label{padding:.2rem .6rem;font-size:.9rem}
.card{padding:1rem;display:block}
.tags{margin-top:.15rem}
.list{grid-template-columns:1fr}
table,tbody,tr,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border-top:1px solid var(--line);padding:.5rem 0}
td{border:0;padding:.1rem 0 .1rem 6.5rem;position:relative}
td:nth-child(1){padding-left:0}
td::before,td:nth-child(6)::before{position:absolute;left:0;font:400 .875rem var(--sans);color:var(--soft)}
td:nth-child(2)::before{content:"Type"}td:nth-child(3)::before{content:"Expected"}
td:nth-child(4)::before{content:"DNS answers"}
td:nth-child(5)::before{content:"Service"}
td:nth-child(6)::before,.w td:nth-child(6)::before,.q td:nth-child(6)::before{content:"Diagnosis";color:var(--soft)}
tr:not([class]) td:nth-child(4){display:none}
}
@media print{
:root{--page:#fff}
body{font-size:11pt}
.show{display:none!important}
.card,.limits,.sum,tr,.limits li{break-inside:avoid}
h2{break-after:avoid}
}
"""
