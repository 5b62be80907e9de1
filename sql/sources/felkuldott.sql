-- What a withdrawal needs of its original: its record, its identifier, and what went up then.
SELECT o.SOURCE_KEY AS REKORD, i.VALUE AS EESZT_ID, m.DOCUMENT AS EREDETI
  FROM EESZT_V_ITEM o
  JOIN EESZT_IDENTIFIER i ON i.ITEM_ID = o.ITEM_ID
  JOIN EESZT_MESSAGE m ON m.ITEM_ID = o.ITEM_ID
 WHERE o.ITEM_ID = :withdraws AND i.NAME = 'eeszt_id' AND i.IS_SECOND = 0
