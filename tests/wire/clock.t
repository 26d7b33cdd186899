options: --test-clock

=== the clock moves
POST /_cadabra/clock HTTP/1.1
Host: 127.0.0.1:4566

{"advance_ms":1000}
---
200
Content-Type: application/json

{"now":"{{time}}"}

=== never back
POST /_cadabra/clock HTTP/1.1
Host: 127.0.0.1:4566

{"advance_ms":-1}
---
400
Content-Type: application/json

{"message":"Give {\"advance_ms\": N}, with N from 0 to ten years."}

=== nor by nonsense
POST /_cadabra/clock HTTP/1.1
Host: 127.0.0.1:4566

{"advance_ms":
---
400
Content-Type: application/json

{"message":"Give {\"advance_ms\": N}, with N from 0 to ten years."}
