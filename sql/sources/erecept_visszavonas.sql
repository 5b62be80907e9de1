-- What a withdrawal needs of its original: its record in MW_VENY, the identifier that the EESZT gave, and what went up then.
SELECT o.SOURCE_KEY AS VENY_ID, i.VALUE AS EESZT_ID, m.DOCUMENT AS EREDETI
  FROM EESZT_V_ITEM o
  JOIN EESZT_IDENTIFIER i ON i.ITEM_ID = o.ITEM_ID
  JOIN EESZT_MESSAGE m ON m.ITEM_ID = o.ITEM_ID
 WHERE o.ITEM_ID = :withdraws AND i.NAME = 'eeszt_id' AND i.IS_SECOND = 0
