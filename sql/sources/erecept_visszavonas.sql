-- What a withdrawal needs of its original: the identifier that the EESZT gave, and what went up then.
SELECT i.VALUE AS EESZT_ID, m.DOCUMENT AS EREDETI
  FROM EESZT_IDENTIFIER i JOIN EESZT_MESSAGE m ON m.ITEM_ID = i.ITEM_ID
 WHERE i.ITEM_ID = :withdraws AND i.NAME = 'eeszt_id' AND i.IS_SECOND = 0
