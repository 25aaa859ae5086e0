"""Not in English: a move, told in Spanish."""

from simulator.stories.story import Line, Story, Use

STORY = Story(
    name="spanish",
    title="Mudanza, en español",
    agent="Iris",
    language="es-ES",
    summary="Llamada en español: se trasladó el contrato a la nueva dirección y se tomó la lectura inicial.",
    sentiment="Positive",
    pools=(
        ({"lectura": 40218}, {"lectura": 15763}, {"lectura": 22904}),
        ({"dia": "el próximo lunes"}, {"dia": "el miércoles"}, {"dia": "este sábado"}),
    ),
    lines=(
        Line(
            says="Hola, buenos días. ¿Habla usted español?",
            answer="Buenos días. Sí, claro, podemos hablar en español. ¿En qué puedo ayudarle?",
        ),
        Line(
            says="Ay, qué bien. Mire, que me mudo {dia} y quería llevarme el contrato de la luz al piso nuevo.",
            answer="Por supuesto. Se lo cambio ahora mismo. ¿Me dice su número de cuenta, por favor?",
            pause=0.8,
        ),
        Line(
            says="Sí, un momentito. Es el {account}, a nombre de {spanish_name}.",
            before="Gracias. Lo estoy buscando.",
            tools=(
                Use(
                    "account.lookup",
                    {"account_number": "{account_id}"},
                    {
                        "account": "{account_id}",
                        "name": "{spanish_name}",
                        "status": "active",
                        "language": "es",
                    },
                    seconds=0.6,
                ),
            ),
            answer="Aquí está. ¿Cuál es el código postal de la vivienda nueva?",
            pause=1.8,
        ),
        Line(
            says="{postcode}. Es un segundo piso.",
            before="Muy bien, compruebo que esa dirección tenga suministro.",
            tools=(
                Use(
                    "outage.lookup",
                    {"postcode": "{postcode}"},
                    {"outage": None, "checked": "{postcode}"},
                    seconds=1.0,
                ),
            ),
            answer="Todo correcto, no hay ninguna avería en la zona. ¿Tiene a mano la lectura del contador de allí? Si no, también puede enviárnosla el día de la mudanza, con una foto desde el",
        ),
        Line(
            says="Sí, sí, la tengo, perdone. Le hice una foto ayer: {lectura}.",
            cuts_in=8.0,
            before="Estupendo, la anoto.",
            tools=(
                Use(
                    "meter.submit",
                    {"account_number": "{account_id}", "reading": "{lectura}", "fuel": "electricity"},
                    {"accepted": True, "receipt": "mr_{reference}"},
                    seconds=0.8,
                ),
            ),
            answer="Queda registrada la lectura {lectura}. Su contrato pasa al piso nuevo {dia}, con la misma tarifa, y no se queda ni un día sin luz.",
        ),
        Line(
            says="¿Y tengo que pagar algo por el cambio?",
            answer="No, el cambio es gratuito. Solo recibirá una última factura del piso antiguo, dentro de unos diez días.",
            pause=0.9,
        ),
        Line(
            says="Perfecto. Pues muchísimas gracias, me ha ayudado usted un montón.",
            answer="Ha sido un placer. Que vaya muy bien la mudanza. ¡Hasta luego!",
            pause=0.8,
        ),
    ),
)
