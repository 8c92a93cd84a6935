const { Readable, Writable } = require("stream");
(async()=>{
    const R=()=>Readable.from([1,2,3,4]);
    console.log(await R().some(x=>x>2), await R().every(x=>x>0), await R().find(x=>x>2), await R().find(x=>x>9), await R().drop(2).toArray(), await R().take(2).toArray(), await R().flatMap(x=>[x,x]).toArray(), await R().map(async x=>x*2).filter(x=>x>2).toArray(), await R().reduce((a,b)=>a+b), await R().reduce((a,b)=>a+b,10));
    console.log(await R().drop(0).toArray(), await R().take(0).toArray());
    try { R().take(-1) } catch(e) { console.log(e.name,e.code,e.message) } try { R().map(1) } catch(e) { console.log(e.name,e.code,e.message) }
    await R().reduce(1).catch(e=>console.log(e.code,e.message)); await Readable.from([]).reduce((a,b)=>a).catch(e=>console.log(e.code,e.message)); await R().some(1).catch(e=>console.log(e.code,e.message));
    let seen=[]; await R().forEach(x=>{seen.push(x)}); console.log(seen);
    const web=new ReadableStream({start(c){c.enqueue('a');c.enqueue('b');c.close()}}); console.log((await Readable.fromWeb(web,{objectMode:true}).toArray()));
    const w2=Readable.toWeb(Readable.from(['x','y'])); console.log(w2 instanceof ReadableStream); const got=[]; for await (const c of w2) got.push(c); console.log(got);
    const ww=Writable.toWeb(new Writable({objectMode:true,write(c,e,d){console.log('w',c);d()}})); const wr=ww.getWriter(); await wr.write('1'); await wr.close();
    const nw=Writable.fromWeb(new WritableStream({write(c){console.log('nw',String(c))}})); nw.write('z'); await new Promise(r=>nw.end(r));
    const res = Readable.fromWeb(new Response('body').body); let t=''; for await (const c of res) t+=Buffer.from(c).toString(); console.log(t);
    const src=R(); for await (const x of src.take(1)) console.log(x); console.log(src.destroyed);
    console.log(await R().map(async (x,{signal})=>{return signal instanceof AbortSignal}).toArray());
    const err=Readable.from((async function*(){yield 1; throw new Error('boom')})()); await err.toArray().catch(e=>console.log(e.message)); await Readable.from([1]).map(()=>{throw new Error('mapboom')}).toArray().catch(e=>console.log(e.message));
    console.log(await Readable.from([[1],[2,3]]).flatMap(x=>x).toArray(), await Readable.from(['ab','c']).flatMap(x=>x).toArray());
})();
