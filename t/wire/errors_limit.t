# Twenty bad commands in a row end the connection; a good one starts anew
1> a01 X
1< a01 BAD ...
1> a02 X
1< a02 BAD ...
1> ok NOOP
1< ok OK NOOP completed
1> b01 X
1> b02 X
1> b03 X
1> b04 X
1> b05 X
1> b06 X
1> b07 X
1> b08 X
1> b09 X
1> b10 X
1> b11 X
1> b12 X
1> b13 X
1> b14 X
1> b15 X
1> b16 X
1> b17 X
1> b18 X
1> b19 X
1$ b01 BAD
1$ b02 BAD
1$ b03 BAD
1$ b04 BAD
1$ b05 BAD
1$ b06 BAD
1$ b07 BAD
1$ b08 BAD
1$ b09 BAD
1$ b10 BAD
1$ b11 BAD
1$ b12 BAD
1$ b13 BAD
1$ b14 BAD
1$ b15 BAD
1$ b16 BAD
1$ b17 BAD
1$ b18 BAD
1$ b19 BAD
1=
1> b20 X
1< b20 BAD ...
1< * BYE [ALERT] Too many bad commands in a row.
1- eof
